import { describe } from "vitest";

import { createHost } from "../host";
import { loadCases } from "../load";

describe("load on a host in namespaces of this machine's kernel", () => loadCases(createHost));
