package walkthrough

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A failure that shows itself once in fifty runs, on a machine that nobody can look at, has
// to be explained by its transcript alone: the last lines of what each of these has to say.
var asked = []struct {
	lines int // the last ones
	args  string
}{
	{60, "get nodeclaims -o wide"},
	{60, "get nodes -o wide"},
	{60, `get pods -A -o wide --field-selector metadata.namespace!=kube-system`},
	{40, "get volumeattachments,pv,pvc -A"},
	{20, "get nodepools,poddisruptionbudgets -A"},
	{120, "describe nodeclaims"},
	{80, "get events -A --sort-by=.lastTimestamp -o custom-columns=AT:.lastTimestamp,REASON:.reason,ABOUT:.involvedObject.name,SAYS:.message"},
}

// remains tells, below the transcript of a script that failed, what the lab looked like then.
func (r *run) remains() {
	for _, a := range asked {
		line := append(slices.Clone(r.Kubectl), strings.Fields(a.args)...)
		out, err := exec.Command(line[0], line[1:]...).CombinedOutput()
		r.show("kubectl "+a.args, out, a.lines, err)
	}
	log, err := os.ReadFile(r.lab.OperatorLog())
	r.show("the operator's log", log, 80, err)
}

func (r *run) show(what string, text []byte, lines int, err error) {
	all := bytes.SplitAfter(text, []byte("\n"))
	note := ""
	if len(all) > lines {
		note = fmt.Sprintf(" (the last %d lines of %d)", lines, len(all))
		all = all[len(all)-lines:]
	}
	if err != nil {
		note += fmt.Sprintf(" (error: %v)", err)
	}
	_, _ = fmt.Fprintf(r.Out, "\n== after the failure: %s%s\n%s", what, note, bytes.Join(all, nil)) // as in Log
}
