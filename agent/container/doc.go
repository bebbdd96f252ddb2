// Package container runs containers: it compiles a request into a recipe, has a monitor carry the recipe out, observes
// what became of it, and takes a slot over from earlier incarnations. One file per kernel facility says what the
// recipe does with it. HTTP, layers on disk and the interpreter of recipes do not belong here.
package container
