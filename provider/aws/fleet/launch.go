package fleet

import (
	"context"
	"errors"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// passes is how often a launch asks for a part when what keeps EC2 from it passes.
const passes = 6

// patience is how long a launch waits for what EC2 holds back from the account. A claim
// lives longer than that.
const patience = cluster.Minute

// launching is an order under way.
type launching struct {
	*Fleet
	order   *Order
	receipt Receipt
	until   cluster.Instant // what would have to be waited for longer is not waited for
	trial   *trial          // not nil for the launch that tries the profile for others too
	unready bool            // EC2 did not know the profile when it was last asked
}

// Launch launches what is still to be launched of an order. before are the instances that
// Recall found: those of its earlier calls. It returns all instances of the order. An
// error says that it is not known what came of the order; the same order again finds out.
func (f *Fleet) Launch(ctx context.Context, o Order, before []Record) (Receipt, error) {
	if wait := o.NotBefore.Sub(f.cfg.Now()); o.NotBefore != 0 && wait > 0 {
		if err := f.cfg.Sleep(ctx, wait); err != nil {
			return Receipt{}, err
		}
	}
	if len(before) >= o.Count || (len(before) > 0 && f.old(before)) {
		return Receipt{Instances: slices.Clone(before)}, nil
	}
	if err := f.count(ctx); err != nil {
		return Receipt{}, err
	}
	trial, refused, err := f.trials.join(ctx, o.profile())
	if err != nil {
		return Receipt{}, err
	}
	if len(refused) > 0 {
		return Receipt{Instances: slices.Clone(before), Refused: refused}, nil
	}
	l := launching{Fleet: f, order: &o, until: f.cfg.Now().Add(f.cfg.scaled(patience)), trial: trial}
	defer f.trials.leave(l.trial)
	if err := l.run(ctx, before); err != nil {
		return Receipt{}, err
	}
	sortRecords(l.receipt.Instances)
	f.Shortages.Note(f.cfg.Now(), f.cfg.scaled(ShortFor), l.receipt.SoldOut...)
	return l.receipt, nil
}

// run makes the calls that are left. The last one that brought something is made once
// more: EC2 remembers its answer, which says what it lacked, and shows all of what it
// brought even where descriptions do not yet.
func (l *launching) run(ctx context.Context, before []Record) error {
	var last Step
	for _, r := range before {
		if r.Step.compare(last) > 0 {
			last = r.Step
		}
	}
	s := Step{last.Part, max(last.Pass, l.tries.of(l.order, last.Part))}
	for _, r := range before {
		if r.Step.compare(s) < 0 {
			l.receipt.Instances = append(l.receipt.Instances, r)
		}
	}
	known := len(l.receipt.Instances) < len(before)
	parts := l.order.parts()
	if s.Part >= len(parts) { // prices have moved since: there is no such call to be made again
		l.receipt.Instances = slices.Clone(before)
	}
	for number, part := range parts {
		if number < s.Part {
			continue
		}
		if number > s.Part {
			s = Step{number, l.tries.of(l.order, number)}
		}
		if l.left() == 0 {
			break
		}
		if goOn, err := l.part(ctx, s, part, known); err != nil || !goOn {
			return err
		}
		known = false
	}
	return nil
}

// left is how many instances are still missing.
func (l *launching) left() int { return max(l.order.Count-len(l.receipt.Instances), 0) }

// part launches from the alternatives of one part, in as many calls as it takes. What
// passes is waited for: a token stands for the answer that it got, so what is missing then
// is asked for by the next one, and who comes after a crash goes through all of the tokens
// before. known tells that the first of them has brought something.
//
// What has not passed holds for the later parts too, and there is no going on to them: a
// part that is still to be asked for must not have one behind it that has launched already.
func (l *launching) part(ctx context.Context, s Step, part []Alternative, known bool) (goOn bool, err error) {
	for n := 1; ; n++ {
		had := len(l.receipt.Instances)
		later, err := l.call(ctx, s, part, known)
		var held heldBackError
		switch {
		case errors.As(err, &held):
			l.receipt.refuse(held.Error())
			return false, nil
		case err != nil:
			return false, err
		case len(later) == 0 || l.left() == 0:
			return true, nil
		}
		l.tries.spent(l.order, s, l.cfg.Now())
		s.Pass++
		known = false
		if n == passes {
			if l.unready {
				l.trials.end(l.trial, later)
			}
			l.receipt.refuse(later...)
			return false, nil
		}
		if len(l.receipt.Instances) == had {
			if err := l.cfg.Sleep(ctx, l.cfg.Lag); err != nil {
				return false, err
			}
		}
	}
}

// call makes one call, and says why what is missing after it is worth asking for again.
func (l *launching) call(ctx context.Context, s Step, part []Alternative, known bool) (later []string, err error) {
	want := l.left()
	var p promise
	if !known {
		if p, err = l.quota.take(ctx, want, l.until); err != nil {
			return nil, err
		}
	}
	out, err := l.create(ctx, l.order, s, part, want)
	if code(err) == "IdempotentParameterMismatch" {
		l.quota.settle(p, outcome{})
		return []string{"IdempotentParameterMismatch: an earlier process has asked for it in other words"}, l.otherWords(ctx)
	}
	if err != nil {
		l.quota.settle(p, outcome{unknown: code(err) == ""}) // who is refused has launched nothing
		return nil, err
	}
	made := l.made(l.order, s, part, out)
	l.receipt.Instances = append(l.receipt.Instances, made...)
	// What EC2 remembers to have refused says nothing of now.
	l.quota.settle(p, outcome{got: len(made), refused: limited(out.Errors) && !known})
	if l.unready = unready(out.Errors); !l.unready {
		l.trials.end(l.trial, nil)
	} else if l.trial == nil {
		l.trials.forget(l.order.profile())
	}
	l.receipt.had(made)
	later, named := l.receipt.failed(part, out.Errors)
	if len(made) < want && !named {
		l.receipt.soldOut(part) // it does not say what was short: all of it was
	}
	return later, nil
}

// otherWords finds what an earlier process got that asked in other words: it carries the
// token. That process may have gone on to later calls, and what those brought counts too.
// Why it got no more nobody says: the next call finds that out.
func (l *launching) otherWords(ctx context.Context) error {
	all, err := l.RecallLater(ctx, *l.order)
	if err != nil {
		return err
	}
	for _, r := range all {
		if !slices.ContainsFunc(l.receipt.Instances, func(had Record) bool { return had.ID == r.ID }) {
			l.receipt.Instances = append(l.receipt.Instances, r)
		}
	}
	return nil
}
