import * as pulumi from "@pulumi/pulumi";
import { Service } from "components";

export const { running } = new Service("service", new pulumi.Config().requireObject("settings"));
