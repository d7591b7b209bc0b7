package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/ullage-sh/ullage/cluster"
)

// Template is what a launch template says. It is never changed once it has been made.
type Template struct {
	Data types.RequestLaunchTemplateData
}

// Unused is how long a launch template stays that nothing was launched with. An account
// has room for 5,000 in a region, and each change of labels, taints or images makes one.
const Unused = 24 * cluster.Hour

// Templates are the launch templates of a cluster. Their names follow from their contents,
// so that nobody has to remember which one is whose: what is there need not be made.
type Templates struct {
	cfg Config

	making sync.Mutex // held while EC2 is asked
	mu     sync.Mutex
	used   map[string]cluster.Instant // by name; nil until EC2 was asked what there is
}

// Name is the name of a template: it follows from the cluster's name and its content.
func (t *Templates) Name(of *Template) string {
	text, err := json.Marshal(of.Data)
	if err != nil {
		panic(err) // a plain struct
	}
	sum := sha256.Sum256(append([]byte(t.cfg.Cluster+"\x00"), text...))
	return "ullage-" + hex.EncodeToString(sum[:16])
}

// Ensure makes a template if there is none of its content yet, and returns its name.
func (t *Templates) Ensure(ctx context.Context, of *Template) (string, error) {
	name := t.Name(of)
	if t.touch(name) {
		return name, nil
	}
	t.making.Lock()
	defer t.making.Unlock()
	if err := t.look(ctx); err != nil {
		return "", err
	}
	if t.touch(name) {
		return name, nil
	}
	_, err := t.cfg.Client.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(name), LaunchTemplateData: &of.Data,
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeLaunchTemplate,
			Tags:         TagList(map[string]string{TagCluster: t.cfg.Cluster, owned(t.cfg.Cluster): "owned"}),
		}},
	})
	if err != nil && code(err) != "InvalidLaunchTemplateName.AlreadyExistsException" {
		return "", fmt.Errorf("making launch template %s: %w", name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[name] = t.cfg.Now()
	return name, nil
}

// touch notes that a template is used; false if it is not known to be there.
func (t *Templates) touch(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.used[name]; !ok {
		return false
	}
	t.used[name] = t.cfg.Now()
	return true
}

// Forget takes back that a template is there, when EC2 says that it is not.
func (t *Templates) Forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.used, name)
}

// look asks EC2, once, which templates there are.
func (t *Templates) look(ctx context.Context) error {
	t.mu.Lock()
	known := t.used != nil
	t.mu.Unlock()
	if known {
		return nil
	}
	used := map[string]cluster.Instant{}
	pages := ec2.NewDescribeLaunchTemplatesPaginator(t.cfg.Client, &ec2.DescribeLaunchTemplatesInput{
		Filters: []types.Filter{filter("tag:"+TagCluster, t.cfg.Cluster), filter("launch-template-name", "ullage-*")}, MaxResults: aws.Int32(200),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("describing launch templates: %w", err)
		}
		for _, l := range page.LaunchTemplates {
			used[aws.ToString(l.LaunchTemplateName)] = t.cfg.Now()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used = used
	return nil
}

// Sweep deletes the templates that have not been used for long. Instances do not need
// theirs any more, and what is launched again makes its own again.
func (t *Templates) Sweep(ctx context.Context) error {
	t.making.Lock()
	defer t.making.Unlock()
	if err := t.look(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	var idle []string
	for _, name := range slices.Sorted(maps.Keys(t.used)) {
		if t.used[name].Add(Unused) <= t.cfg.Now() {
			idle = append(idle, name)
		}
	}
	t.mu.Unlock()
	for _, name := range idle {
		t.Forget(name)
		_, err := t.cfg.Client.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String(name)})
		if err != nil && !missingTemplate(code(err)) {
			return fmt.Errorf("deleting launch template %s: %w", name, err)
		}
	}
	return nil
}

// missingTemplate tells whether a code says that a launch template is not there.
func missingTemplate(code string) bool {
	return code == "InvalidLaunchTemplateName.NotFoundException" || code == "InvalidLaunchTemplateId.NotFound"
}

// code is the code of an error from AWS, "" for any other.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}
