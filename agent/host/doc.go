// Package host is about the machine the agent runs on: what it is, who has claimed it, what of ours is on it, and
// taking all of that away. It also holds the one thing outside our two folders, the systemd unit. What is inside a
// layer, image or container does not belong here.
package host
