// Package store owns what Slipway keeps on a host: the folder layout below the root (/var/lib/slipway) and the run
// folder (/run/slipway), the locks, the records and their versions, and the finding and removing of what nobody
// owns. No other package makes up a path there. What the records mean to one resource does not belong here.
//
// # On disk
//
//	host-id                                  who this host is, bound to the machine id
//	slots/<kind>/<slot>.<hash of the owner>  a symbolic link whose target is the owner: `ls -l` shows who has what
//	claims/<kind>/<slot>/<incarnation>.json  hosts, layers and images: one owner's hold on content
//	containers/<slot>/<incarnation>/         written by package container; its record is RecordName
//	layers/<hex>/                            fs (the tree), record.json, blobs/ (archives it was made of)
//	images/<hex>/                            config.json (its sha256 is the image id), record.json
//	layers/<hex>/damaged/, images/…          what was left of one that was made anew, for containers that run on it
//	blobs/<hex>, blobs/<hex>.part            archives on their way to becoming layers, whole and in part
//	building/ trash/                         half-made and half-removed things, named after the process at work
//	agent/                                   the programs themselves
//
// # Locks
//
// One file, <run>/locks, is locked by byte ranges, one range for each name, as open file description locks: the
// kernel drops them with the process, nothing is left of a name that is no longer used, and goroutines exclude each
// other as processes do. What a request may ask for while it holds something:
//
//	holding a slot            the labels of its kind, a blob, content
//	holding a blob            content
//	holding the labels        a slot nobody else knows yet
//	holding content shared    other content shared; removing content takes one lock at a time and holds no other
//
// A shared lock on content is a lease: whoever reads layers or is about to refer to them holds it until its own
// record is on disk. Removing content takes the lock exclusively, looks for records that refer to it, and renames it to
// trash/ before it lets go. No lock is held while a client sends bytes; the one on a blob is held while a registry does, so
// that two images with one layer fetch it once.
//
// # Crashes
//
// Every process holds a lock on its own name for as long as it lives. Half-made things carry that name, so that Sweep
// finds those of the dead. A thing becomes visible by one rename, synced before.
package store
