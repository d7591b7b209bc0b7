package fleet

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// trials have one launch find out for all others of a process whether EC2 knows their
// instance profile: it learns of new ones from IAM, seconds later, and each launch that
// asks too early is a call in vain. The zero value is ready.
type trials struct {
	mu sync.Mutex
	by map[string]*trial // by the name of the profile; those that are over ended well
}

// trial is one launch's.
type trial struct {
	profile string
	over    chan struct{} // closed when what follows is known
	known   bool          // EC2 knows the profile
	refused []string      // what it said to the last of it, none if nobody found out
}

// join waits for the launch that tries a profile, and says what it was refused for. mine
// is not nil for the one that is to find out. A launch without a profile has nothing to.
func (t *trials) join(ctx context.Context, profile string) (mine *trial, refused []string, err error) {
	if profile == "" {
		return nil, nil, nil
	}
	for {
		t.mu.Lock()
		x := t.by[profile]
		if x == nil {
			if t.by == nil {
				t.by = map[string]*trial{}
			}
			x = &trial{profile: profile, over: make(chan struct{})}
			t.by[profile] = x
			t.mu.Unlock()
			return x, nil, nil
		}
		t.mu.Unlock()
		select {
		case <-x.over:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
		if x.known || len(x.refused) > 0 {
			return nil, x.refused, nil
		}
	}
}

// end tells those who wait what a trial came to. A nil one, or one that has ended, has
// nothing more to tell.
func (t *trials) end(x *trial, refused []string) { t.close(x, len(refused) == 0, refused) }

// leave lets the next one try.
func (t *trials) leave(x *trial) { t.close(x, false, nil) }

func (t *trials) close(x *trial, known bool, refused []string) {
	if x == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-x.over:
		return
	default:
	}
	x.known, x.refused = known, refused
	close(x.over)
	if !known {
		delete(t.by, x.profile)
	}
}

// forget takes back that EC2 knows a profile: somebody has deleted it since.
func (t *trials) forget(profile string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x := t.by[profile]; x != nil && x.known {
		delete(t.by, profile)
	}
}

// profile is the name of the instance profile that all of an order's templates have, ""
// for none.
func (o *Order) profile() string {
	if p := o.Alternatives[0].Template.Data.IamInstanceProfile; p != nil {
		return aws.ToString(p.Name)
	}
	return ""
}
