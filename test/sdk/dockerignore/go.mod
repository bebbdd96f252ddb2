// What Docker itself makes of a .dockerignore file, to compare with.
module pulumi-slipway/test/dockerignore

go 1.26.0

require github.com/moby/patternmatcher v0.6.1
