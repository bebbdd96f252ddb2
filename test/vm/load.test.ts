import { describe } from "vitest";

import { loadCases } from "../load";
import { createVm } from "./index";

describe.each([
  ["with systemd, Linux 6.1", { kernel: "6.1", init: "systemd" }],
  ["without systemd, Linux 6.12", { kernel: "6.12", init: "none" }],
] as const)("load on Debian 12 %s", (_, guest) => loadCases(async () => createVm(guest)));
