package api

// CgroupRequest asks for a control group that containers can be put below.
type CgroupRequest struct {
	Owner string `json:"owner"`
	// ContentKey tells the group's place from another: a digest of the slots above it.
	ContentKey string `json:"contentKey"`
	// Parent names the group it is in; nil for one at the top.
	Parent    *Reference     `json:"parent,omitempty"`
	Resources GroupResources `json:"resources"`
	// Paused is whether nothing in the group and below it runs.
	Paused bool `json:"paused,omitempty"`
}

// CgroupAnswer describes a control group as it now is.
type CgroupAnswer struct {
	Identity
	ContentKey string `json:"contentKey"`
	// Path is below the root of each hierarchy.
	Path string `json:"path"`
	// Version is that of the hierarchy that holds processes: 2 where no other is mounted.
	Version int `json:"version"`
	// Intact is false where the group is gone, or gone from a hierarchy.
	Intact bool `json:"intact"`
	// Paused is whether the group was paused itself, whatever is above it. False where it is gone.
	Paused bool `json:"paused"`
	// Resources are what the kernel holds of those that were asked for.
	Resources GroupResources `json:"resources"`
}
