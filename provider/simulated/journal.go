package simulated

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/ullage-sh/ullage/cluster"
)

// journalVersion is that of the form in which records are written.
const journalVersion = 1

// journal is the file in which a cloud writes down each change, one JSON line a
// record, before it answers. A line is handed to the operating system in one
// write and not forced to the disk: it survives the death of the process, not
// that of the machine.
type journal struct {
	path   string
	file   *os.File
	unlock func() error
	lines  int
	size   int64
	broken error // a failed write that could not be undone
}

// line is a record with what is needed to notice damage: its number and the
// CRC-32 of its bytes.
type line struct {
	N   int
	CRC string
	Rec json.RawMessage
}

// Recovery is what [Open] found.
type Recovery struct {
	// Instances that exist, of how many launches ever.
	Instances, Launches int
	// Torn is the number of bytes of an unfinished last line that were cut off:
	// a change that was being written when the process died, and that nobody was
	// told of.
	Torn int
}

// String is one line for people.
func (r Recovery) String() string {
	s := fmt.Sprintf("%d instances of %d launches", r.Instances, r.Launches)
	if r.Torn > 0 {
		s += fmt.Sprintf("; cut off %d bytes of an unfinished line", r.Torn)
	}
	return s
}

// Open makes a cloud that remembers: it reads back the journal at path, or
// begins one, and compacts it. The region and the seed must be those it was
// begun with. A second process that opens the same journal is refused. A damaged
// journal is left as it is, and the error names file and line.
func Open(path string, cfg Config, now cluster.Instant) (*Cloud, Recovery, error) {
	c, err := New(cfg, now)
	if err != nil {
		return nil, Recovery{}, err
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return nil, Recovery{}, fmt.Errorf("journal %s: %w", path, err)
	}
	rec, err := c.reopen(path, now, unlock)
	if err != nil {
		_ = unlock() // the error that matters is the first
		return nil, Recovery{}, fmt.Errorf("journal %s: %w", path, err)
	}
	return c, rec, nil
}

// Close gives the journal up. The cloud must not be used any more. Closing one
// that has none does nothing.
func (c *Cloud) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.journal == nil {
		return nil
	}
	err := errors.Join(c.journal.file.Close(), c.journal.unlock())
	c.journal.broken = errors.New("the cloud was closed")
	return err
}

func (c *Cloud) reopen(path string, now cluster.Instant, unlock func() error) (Recovery, error) {
	torn, err := c.replay(path)
	if err != nil {
		return Recovery{}, err
	}
	j := &journal{path: path, unlock: unlock}
	if err := j.write(c.compact()); err != nil {
		return Recovery{}, err
	}
	c.journal = j
	c.advance(now)
	c.events = nil // cursors begin anew, with Machines
	r := Recovery{Launches: len(c.launches), Torn: torn}
	for _, i := range c.live {
		if i.Times.Terminated > c.now {
			r.Instances++
		}
	}
	return r, nil
}

// replay applies what the journal has. A missing or empty file has nothing.
func (c *Cloud) replay(path string) (torn int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read from
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("line %d: %w", n, err)
		}
		if err != nil { // no newline: the end, or a line that was not finished
			if n == 1 && len(text) > 0 {
				return 0, errors.New("this is no journal of a simulated cloud: it has not one whole line; name another file")
			}
			return len(text), nil
		}
		if err := c.replayLine(n, text); err != nil {
			return 0, fmt.Errorf("line %d: %w; restore the file from a copy, or move it away to begin with an empty cloud", n, err)
		}
	}
}

func (c *Cloud) replayLine(n int, text []byte) error {
	var l line
	if err := strict(text, &l); err != nil {
		return fmt.Errorf("damaged (%w)", err)
	}
	if got := checksum(l.Rec); got != l.CRC {
		return fmt.Errorf("damaged (checksum is %s, the line says %s)", got, l.CRC)
	}
	if l.N != n {
		return fmt.Errorf("damaged (it is numbered %d: lines are missing or doubled)", l.N)
	}
	var r record
	if err := strict(l.Rec, &r); err != nil {
		return fmt.Errorf("unknown content (%w): was it written by a newer version?", err)
	}
	if (n == 1) != (r.Made != nil) {
		return errors.New("damaged (the first line, and no other, says what the cloud was made with)")
	}
	if r.Made != nil {
		return c.readMade(r)
	}
	return c.apply(r)
}

func (c *Cloud) readMade(r record) error {
	m := r.Made
	if m.Version != journalVersion {
		return fmt.Errorf("it has version %d, this program reads %d", m.Version, journalVersion)
	}
	if m.Region != c.cfg.Region || m.Seed != c.cfg.Seed {
		return fmt.Errorf("it was begun for region %s with seed %d, not for %s with %d: use those, or another file",
			m.Region, m.Seed, c.cfg.Region, c.cfg.Seed)
	}
	// Until it is read, time is the journal's: what happened then must not be
	// skipped because it is long ago.
	c.born, c.now = m.Born, r.At
	return nil
}

// compact returns the fewest records that make the cloud as it is.
func (c *Cloud) compact() []record {
	out := []record{{At: c.now, Made: &made{journalVersion, c.cfg.Region, c.cfg.Seed, c.born}}}
	for i := range c.stocks {
		out = append(out, record{At: c.now, Stock: &c.stocks[i]})
	}
	for _, b := range c.launches {
		out = append(out, record{At: c.now, Batch: b})
	}
	return out
}

// write replaces the file by one with these records, at once and for good, and
// keeps it open for more.
func (j *journal) write(records []record) error {
	var text bytes.Buffer
	for _, r := range records {
		b, err := encode(j.lines+1, r)
		if err != nil {
			return err
		}
		text.Write(b)
		j.lines++
	}
	f, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(j.path+".new", j.path)
	}
	if err != nil {
		_ = f.Close() // the file is given up; the old one stands
		return err
	}
	j.file, j.size = f, int64(text.Len())
	return nil
}

// append adds a record. If that fails the file is as before; if it cannot be made
// so, nothing is written any more.
func (j *journal) append(r record) error {
	if j.broken != nil {
		return fmt.Errorf("journal %s: %w: nothing was changed", j.path, j.broken)
	}
	text, err := encode(j.lines+1, r)
	if err != nil {
		return fmt.Errorf("journal %s: %w: nothing was changed", j.path, err)
	}
	if _, err := j.file.WriteAt(text, j.size); err != nil {
		if cut := j.file.Truncate(j.size); cut != nil {
			j.broken = errors.Join(err, cut)
		}
		return fmt.Errorf("journal %s: %w: nothing was changed", j.path, err)
	}
	j.lines++
	j.size += int64(len(text))
	return nil
}

// encode is a record as a line.
func encode(n int, r record) ([]byte, error) {
	rec, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(line{n, checksum(rec), rec})
	return append(text, '\n'), err
}

func checksum(b []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(b)) }

// strict decodes JSON and refuses fields it does not know and trailing text.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the end of the value")
	}
	return nil
}
