module pulumi-slipway/agent

go 1.26
