package judge

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// AttachmentChanged is told every change of a VolumeAttachment.
func (j *Judge) AttachmentChanged(o *store.Object[cluster.VolumeAttachment]) {
	if o.Now == nil {
		delete(j.hung, o.Key)
	} else if j.hung[o.Key] == 0 {
		j.hung[o.Key] = j.clock.Now()
	}
}

// checkDetached: the instance of a node may end when the disks have left it, or when the time
// that its claim gives it is over.
func (j *Judge) checkDetached(n *cluster.Node, now, limit cluster.Instant) {
	if c := j.claimOn(n); c == nil || !c.Deleting() || limit != cluster.Never && now >= limit.Add(-slack) {
		return
	}
	for o := range j.store.Attachments.Each {
		if a := o.Now; a.Node == n.Name && j.hung[o.Key] < j.clock.Seen() {
			j.broken(Attached, a.Volume, "it hangs on node "+n.Name+", which was ended")
		}
	}
}
