/* A stopwatch for programs: reads one command a line (arguments separated by tabs), starts it, waits for its end and
 * prints the milliseconds between, those that processors worked for it and for what it waited for, and the exit status. It
 * stays small, because the time to fork grows with the process
 * that forks: Node itself adds one to three milliseconds to everything it starts, a hundred microseconds vary here.
 *
 *   printf '/bin/true\n/bin/sleep\t0.1\n' | ./stopwatch
 *
 * The started programs read from /dev/null and write their output there; their errors go where the stopwatch's go. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(void) {
  char *line = NULL, *argv[256];
  size_t size = 0;
  ssize_t length;
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  while ((length = getline(&line, &size, stdin)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = 0;
    int argc = 0;
    for (char *word = strtok(line, "\t"); word && argc < 255; word = strtok(NULL, "\t")) argv[argc++] = word;
    argv[argc] = NULL;
    if (!argc) continue;
    pid_t pid;
    int status = 0;
    double start = now();
    int failed = posix_spawn(&pid, argv[0], &quiet, NULL, argv, environ);
    if (failed) {
      printf("0 0 127 %s\n", strerror(failed));
    } else {
      struct rusage used;
      wait4(pid, &status, 0, &used);
      double end = now();
      double worked = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
      printf("%.3f %.3f %d\n", end - start, worked, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    fflush(stdout);
  }
  return 0;
}
