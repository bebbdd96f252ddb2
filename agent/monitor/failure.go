package monitor

import (
	"syscall"

	"pulumi-slipway/agent/recipe"
)

// failure is why a container could not be started.
type failure struct {
	list         recipe.Which
	index        uint32
	errno        syscall.Errno
	step, object string
}

// own is the failure of a step that stands in no recipe.
func own(step, object string, err error) *failure {
	errno, _ := err.(syscall.Errno)
	return &failure{list: Own, errno: errno, step: step, object: object}
}

// inRecipe is the failure of a recipe's step, or nil.
func inRecipe(list recipe.Which, f recipe.Failure) *failure {
	if f.Errno == 0 {
		return nil
	}
	return &failure{list: list, index: f.Index, errno: f.Errno}
}

func (f *failure) report() Report {
	return Report{Kind: Failed, List: f.list, Index: f.index, Errno: f.errno, Step: f.step, Object: f.object}
}
