/**
 * Does something `count` times, so many at a time. The first failure ends it, as soon as what was begun has ended, and so
 * does `stop`, which never fails: an interrupted benchmark has to know that nothing more is made before it removes all.
 */
export function lanes(
  count: number,
  atOnce: number,
  action: () => Promise<void>,
): { done: Promise<void>; stop: () => Promise<void> } {
  let left = count;
  const lane = async (): Promise<void> => {
    try {
      while (left-- > 0) await action();
    } finally {
      // Either nothing was left, or nobody shall go on.
      left = 0;
    }
  };
  const running = Array.from({ length: atOnce }, lane);
  const settled = Promise.allSettled(running);
  return {
    done: settled.then(async () => void (await Promise.all(running))),
    stop: async () => {
      left = 0;
      await settled;
    },
  };
}
