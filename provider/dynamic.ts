import type { CheckResult, ConfigureRequest, DiffResult, ResourceProvider } from "@pulumi/pulumi/dynamic";
import { z } from "zod";
import { resources, type AnswerOf, type RequestOf, type ResourceName } from "./api";
import { endWithEngine } from "./engine";
import { checkFailure, failed, leftBehind } from "./failure";
import { isSlipwayError } from "./host/errors";
import { session as open } from "./host/pool";
import type { RequestOptions, Session } from "./host/session";
import { idOf, incarnationOf, mintIncarnation } from "./identity";
import { compact, pick, type Bag } from "./resources/bag";
import { check, echoed, replacing } from "./resources/check";
import type { CommonInputs, Definition } from "./resources/definition";
import { settingsOf, type Settings } from "./settings";
import { Turns } from "./turns";
import { failedOn, judge } from "./unreachable";

/** What a resource needs of the machine that Pulumi runs on. */
export interface Help<R extends ResourceName, I> {
  /** Sends what the resource is made of, when the agent says that it is missing. */
  readonly supply?: (session: Session, inputs: I) => Promise<void>;
  /** Asks with what a request is to have and state is not, and says more of a failure. */
  readonly ask?: (
    request: RequestOf<R>,
    put: (request: RequestOf<R>, options?: RequestOptions) => Promise<AnswerOf<R>>,
    inputs: I,
  ) => Promise<AnswerOf<R>>;
}

/** How often content is sent for one resource: the connection or the host may lose it before it is asked for. */
const mostSent = 3;
const turns = new Turns();

/**
 * Puts a resource into Pulumi's hands: the one place that knows both the calls of a dynamic provider and the agent's
 * API. Everything Pulumi does to a provider that one would not expect is told at the method it happens to.
 */
export function dynamic<R extends ResourceName, I extends CommonInputs>(
  definition: Definition<R, I>,
  help: Help<R, I> = {},
): ResourceProvider<Bag, Bag> {
  const { resource } = definition;
  const answerSchema = resources[resource].answer as unknown as z.ZodType<AnswerOf<R>>;

  // Pulumi calls other methods while configure still runs: each awaits this, which is set before anything is awaited.
  let settings: Promise<Settings> = Promise.resolve({ unreachable: "error" });

  /**
   * PUT, with the content sent in between where the agent lacks it. Asking again finds what the first call made. Resources
   * of one content take turns, so that it is sent once, and one of them that fails does not take it from the others.
   */
  async function converge(host: Session, incarnation: string, inputs: I): Promise<AnswerOf<R>> {
    const send = (request: RequestOf<R>, options?: RequestOptions): Promise<AnswerOf<R>> =>
      host.request("PUT", `/v1/${resource}/${incarnation}`, request, answerSchema, options);
    const put = async (): Promise<AnswerOf<R>> => {
      const request = definition.request(inputs);
      return help.ask === undefined ? send(request) : help.ask(request, send, inputs);
    };
    const { supply } = help;
    if (supply === undefined) return put();
    return turns.take(`${host.facts.hostId} ${String(inputs["contentKey"])}`, async () => {
      for (let sent = 0; ; sent += 1) {
        try {
          return await put();
        } catch (error) {
          if (sent === mostSent || !isSlipwayError(error) || error.code !== "blob_missing") throw error;
        }
        await supply(host, inputs);
      }
    });
  }

  /** All outputs: the inputs whole, for delete and read get nothing else, and what was observed. */
  function outputs(host: Session, inputs: I, answer: AnswerOf<R>): Bag {
    return compact({ ...inputs, ...definition.observed(answer), hostId: host.facts.hostId });
  }

  /** Converges, and tells Pulumi whether a failure left something behind. */
  async function apply(incarnation: string, news: Bag, hostId: unknown): Promise<{ answer: AnswerOf<R>; outs: Bag }> {
    const { unreachable } = await settings;
    const inputs = echoed(definition, news);
    let host: Session | undefined;
    try {
      // Who lets go of a machine wants its things on the one that answers now.
      host = await open(inputs.host, unreachable === "forget" ? {} : expecting(hostId));
      const answer = await converge(host, incarnation, inputs);
      return { answer, outs: outputs(host, inputs, answer) };
    } catch (error) {
      if (!isSlipwayError(error) || host === undefined) throw failed(error);
      // Pulumi forgets to keep __provider here, without which the thing could be neither read nor deleted.
      const properties = { ...inputs, hostId: host.facts.hostId, __provider: news["__provider"] };
      throw leftBehind(error, properties) ?? failed(error);
    }
  }

  return {
    configure(request: ConfigureRequest): Promise<void> {
      endWithEngine();
      settings = Promise.resolve().then(() => settingsOf((key) => request.config.get(key)));
      return settings.then(() => undefined);
    },

    check(olds: Bag, news: Bag): Promise<CheckResult<Bag>> {
      const checked = check(definition, olds, news);
      // Pulumi writes __provider into what it is given, and expects inputs even beside failures.
      const result =
        "failures" in checked
          ? { inputs: { ...news }, failures: checked.failures.map(checkFailure) }
          : { inputs: { ...checked.inputs } };
      return Promise.resolve(result);
    },

    /** `changes` stays undefined, so that the engine compares the inputs itself and can show each difference. */
    diff(_id: string, olds: Bag, news: Bag): Promise<DiffResult> {
      return Promise.resolve({ replaces: replacing(definition, olds, news) } as DiffResult);
    },

    /** Is told nothing of an old resource, even where it replaces one: the agent finds that by its owner. */
    async create(inputs: Bag): Promise<{ id: string; outs: Bag }> {
      const { answer, outs } = await apply(mintIncarnation(), inputs, undefined);
      return { id: idOf(answer), outs };
    },

    /** Called without any difference as well, when the last attempt left something unfinished. */
    async update(id: string, olds: Bag, news: Bag): Promise<{ outs: Bag }> {
      const { outs } = await apply(incarnationOf(id), news, olds["hostId"]);
      return { outs };
    },

    /** Three results that are never mixed: here it is; it is gone (no id); nobody could look. */
    async read(id: string, props: Bag = {}): Promise<{ id?: string; props?: Bag; inputs?: Bag }> {
      const stored = echoed(definition, props);
      // One looked up by `get` has no inputs to echo: what the agent says of the same names stands for them.
      const lookup = !("owner" in props);
      try {
        const host = await open(stored.host, expecting(props["hostId"]));
        const path = `/v1/${resource}/${incarnationOf(id)}`;
        const answer = await host.request("GET", path, undefined, answerSchema);
        const inputs = definition.drift(stored, answer);
        const { leaves, defaulted = [] } = definition;
        const found = lookup ? pick(answer, ["owner", "contentKey", ...leaves, ...defaulted]) : {};
        return { id, props: { ...found, ...outputs(host, inputs, answer) }, inputs: compact(inputs) };
      } catch (error) {
        // Pulumi would go on with one that has no properties at all.
        if (lookup) throw failed(error);
        if (isSlipwayError(error) && error.code === "gone") return gone;
        const verdict = judge(error, await settings, "read");
        if (verdict === "fail") throw failedOn(error, "read");
        return verdict === "gone" ? gone : { id, props };
      }
    },

    /** Has only the old outputs. What is gone already, or was never known to the host, is deleted. */
    async delete(id: string, props: Bag): Promise<void> {
      const stored = echoed(definition, props);
      try {
        const host = await open(stored.host, expecting(props["hostId"]));
        const query = definition.ending?.(stored) ?? "";
        await host.request("DELETE", `/v1/${resource}/${incarnationOf(id)}${query}`, undefined, z.undefined());
      } catch (error) {
        if (isSlipwayError(error) && error.code === "gone") return;
        if (judge(error, await settings, "delete") === "fail") throw failedOn(error, "delete");
      }
    },
  };
}

/** How Pulumi is told that there is nothing any more. */
const gone = { id: "", props: {} };

function expecting(hostId: unknown): { expectHostId?: string } {
  return typeof hostId === "string" ? { expectHostId: hostId } : {};
}
