package aws

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/fleet"
)

// Create launches instances: as a rule with one call of CreateFleet, whatever their number.
func (p *Provider) Create(ctx context.Context, req provider.CreateRequest) (provider.CreateResult, error) {
	if err := ctx.Err(); err != nil {
		return provider.CreateResult{}, err
	}
	if err := req.Validate(); err != nil {
		return provider.CreateResult{}, &provider.RejectedError{Reason: err.Error()}
	}
	if err := serves(req.Class.Ref); err != nil {
		return provider.CreateResult{}, err
	}
	// One at a time may make a request: the next one finds what the first has launched.
	done, err := p.turns.take(ctx, "token "+req.Token)
	if err != nil {
		return provider.CreateResult{}, err
	}
	defer done()
	receipt, err := p.launch(ctx, req)
	if err != nil {
		return provider.CreateResult{}, err
	}
	if len(receipt.Instances) == 0 {
		if len(receipt.Refused) > 0 {
			return provider.CreateResult{}, &provider.RejectedError{Reason: fmt.Sprintf("create %s: %s", req.Token, strings.Join(receipt.Refused, "; "))}
		}
		return provider.CreateResult{}, &provider.InsufficientCapacityError{SoldOut: receipt.SoldOut}
	}
	if len(receipt.Refused) > 0 { // what is missing is asked for again, as another request
		p.tell(fmt.Sprintf("create %s: %d of %d instances; EC2 refused others: %s", req.Token, len(receipt.Instances), req.Count, strings.Join(receipt.Refused, "; ")))
	}
	out := provider.CreateResult{SoldOut: p.reservedNow(req.Class.Ref, receipt)}
	for _, r := range receipt.Instances {
		i, err := p.instance(ctx, r)
		if err != nil {
			return provider.CreateResult{}, err
		}
		out.Instances = append(out.Instances, i)
	}
	return out, nil
}

// launch finds what was launched with the token before, and launches what is missing.
func (p *Provider) launch(ctx context.Context, req provider.CreateRequest) (fleet.Receipt, error) {
	order := fleet.Order{Token: req.Token, Request: fingerprint(req), Count: req.Count}
	before, err := p.fleet.Recall(ctx, order)
	if err != nil || len(before) >= req.Count {
		return fleet.Receipt{Instances: before}, err
	}
	why, err := p.fill(ctx, &order, req)
	if err != nil {
		return fleet.Receipt{}, err
	}
	if why == "" {
		return p.fleet.Launch(ctx, order, before)
	}
	// It cannot be launched as the class is now. It may have been before.
	if len(before) == 0 {
		if before, err = p.fleet.RecallLater(ctx, order); err != nil {
			return fleet.Receipt{}, err
		}
	}
	if len(before) == 0 {
		return fleet.Receipt{}, &provider.RejectedError{Reason: fmt.Sprintf("create %s: %s", req.Token, why)}
	}
	return fleet.Receipt{Instances: before}, nil
}

// fingerprint identifies what a request asks for. Of the class that is its name.
func fingerprint(req provider.CreateRequest) string {
	text, err := json.Marshal([]any{req.Class.Ref, req.Pool, req.Count, req.Offerings, req.Labels, req.Taints})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// fill completes an order by what the class means now. It says why that cannot be
// launched, "" if it can.
func (p *Provider) fill(ctx context.Context, order *fleet.Order, req provider.CreateRequest) (why string, err error) {
	o, err := p.offerOf(ctx, req.Class)
	if err != nil {
		return "", err
	}
	if ready, message := o.class.Ready(); !ready {
		return fmt.Sprintf("%s is not ready: %s", req.Class.Ref, message), nil
	}
	if err := p.prices.Refresh(ctx); err != nil && ctx.Err() != nil {
		return "", err
	}
	order.Context, order.Tags = o.class.Spec.Context, p.tags(o, req)
	if given := o.class.ProfileGiven; given != 0 {
		order.NotBefore = given.Add(p.cfg.Lag)
	}
	templates := map[variant]*fleet.Template{}
	for _, id := range req.Offerings {
		t := o.find(id.InstanceType)
		var ways []cluster.Offering
		if t != nil && slices.Contains(t.zones, id.Zone) {
			ways = p.offerings(o, t, id.Zone)
		}
		k := slices.IndexFunc(ways, func(x cluster.Offering) bool { return x.CapacityType == id.CapacityType })
		if k < 0 {
			// Since the plan the class was edited, or a Spot price is gone. There may be others.
			why = cmp.Or(why, fmt.Sprintf("%s does not offer %s", req.Class.Ref, id))
			continue
		}
		subnet, _ := o.class.SubnetIn(id.Zone) // there is one: the type's zones are those of subnets
		for _, reservation := range o.within(id) {
			v := variant{image: t.image.ID, maxPods: p.toldPods(o, t), reservation: reservation}
			if templates[v] == nil {
				if templates[v], err = p.template(o.class, v, req); err != nil {
					return err.Error(), nil
				}
			}
			order.Alternatives = append(order.Alternatives, fleet.Alternative{
				OfferingID: id, Price: ways[k].Price, SubnetID: subnet.ID, ImageID: t.image.ID, Reservation: reservation, Template: templates[v],
			})
		}
	}
	if len(order.Alternatives) == 0 {
		return why, nil
	}
	return "", nil
}

// tags of what is launched. The user's come first: they cannot change ours.
func (p *Provider) tags(o *offer, req provider.CreateRequest) map[string]string {
	tags := map[string]string{"Name": cmp.Or(req.Pool, p.cfg.Cluster.Cluster)}
	for k, v := range o.class.Spec.Tags {
		tags[k] = v
	}
	fleet.Belongs(tags, req.Pool, req.Class.Ref)
	tags[fleet.TagTemplate] = o.class.Template
	return tags
}
