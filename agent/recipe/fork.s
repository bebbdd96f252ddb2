// An assembly file, although empty, lets the functions of fork.go be declared here and defined in the runtime.
