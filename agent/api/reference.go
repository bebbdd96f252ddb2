package api

// Reference points at a resource of the same host by its owner. ContentKey is set for layers and images only:
// it tells which of the incarnations in the owner's slot is meant.
type Reference struct {
	Owner      string `json:"owner"`
	ContentKey string `json:"contentKey,omitempty"`
}

// Identity is what every answer about a resource begins with.
type Identity struct {
	Owner       string `json:"owner"`
	Slot        string `json:"slot"`
	Incarnation string `json:"incarnation"`
}
