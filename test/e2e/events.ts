import { existsSync, readFileSync } from "node:fs";

/** One thing the engine did, or in a preview would do, to a resource. "same" and "read" are left out. */
export interface Step {
  /** Pulumi's word: create, update, delete, replace, create-replacement, delete-replaced, refresh, … */
  op: string;
  /** The last part of the type: Host, Layer, Image, Container, Stack, or a component's. */
  type: string;
  /** The resource's name. */
  name: string;
  /** The input properties that differ, as far as the engine says. */
  diff: string[];
  /** Whether the step ended well. */
  done: boolean;
  /** Whether the step ended with an error. */
  failed: boolean;
}

/** What a run of the engine did, from its event log. */
export interface Events {
  /** Steps in order, without "same" and "read", and without the stack and the provider themselves. */
  steps: Step[];
  /** The engine's own counts by operation, everything included; {} where the run did not get to its end. */
  changes: Record<string, number>;
  /** Messages of severity error, without colours. */
  errors: string[];
  /** Messages of severity warning, without colours. */
  warnings: string[];
}

interface Metadata {
  op: string;
  urn: string;
  diffs?: string[] | null;
  detailedDiff?: Record<string, unknown> | null;
}

/** The part of the engine's events that is read here; the full shape is apitype.EngineEvent of the Pulumi SDK. */
interface EngineEvent {
  resourcePreEvent?: { metadata: Metadata };
  resOutputsEvent?: { metadata: Metadata };
  resOpFailedEvent?: { metadata: Metadata };
  diagnosticEvent?: { message: string; severity: string };
  summaryEvent?: { resourceChanges: Record<string, number> };
}

const escapes = /\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g;

/** Reads an engine's event log; a file that is missing or ends in half a line (the run was killed) is read as far as it goes. */
export function readEvents(file: string): Events {
  const events: Events = { steps: [], changes: {}, errors: [], warnings: [] };
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  for (const line of lines.slice(0, -1)) {
    take(events, JSON.parse(line) as EngineEvent);
  }
  return events;
}

function take(events: Events, event: EngineEvent): void {
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = event;
  if (resourcePreEvent !== undefined) {
    addStep(events, resourcePreEvent.metadata);
  } else if (resOutputsEvent !== undefined) {
    end(events, resOutputsEvent.metadata, "done");
  } else if (resOpFailedEvent !== undefined) {
    end(events, resOpFailedEvent.metadata, "failed");
  } else if (diagnosticEvent !== undefined) {
    const message = diagnosticEvent.message.replace(escapes, "");
    if (diagnosticEvent.severity === "error") events.errors.push(message);
    if (diagnosticEvent.severity === "warning") events.warnings.push(message);
  } else if (summaryEvent !== undefined) {
    events.changes = summaryEvent.resourceChanges;
  }
}

function addStep(events: Events, metadata: Metadata): void {
  const step = stepOf(metadata);
  if (step !== undefined) events.steps.push(step);
}

function end(events: Events, metadata: Metadata, how: "done" | "failed"): void {
  const ended = stepOf(metadata);
  if (ended === undefined) return;
  const same = events.steps.filter((s) => s.op === ended.op && s.type === ended.type && s.name === ended.name);
  const step = same.at(-1);
  if (step === undefined) {
    events.steps.push({ ...ended, [how]: true });
  } else {
    step[how] = true;
    // A refresh learns its differences only at the end of the step.
    step.diff = ended.diff;
  }
}

function stepOf({ op, urn, diffs, detailedDiff }: Metadata): Step | undefined {
  const [, , types = "", name = ""] = urn.split("::");
  if (op === "same" || op === "read" || /pulumi:(pulumi:Stack|providers:[^$]*)$/.test(types)) return undefined;
  const type = types.split(":").at(-1) ?? types;
  return { op, type, name, diff: diffs ?? Object.keys(detailedDiff ?? {}), done: false, failed: false };
}
