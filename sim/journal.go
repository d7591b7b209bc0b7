package sim

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// journal is everything that happened, a line each, as a digest and, if anybody wants
// to read it, as text.
type journal struct {
	sum  hash.Hash
	text *bufio.Writer // nil if nobody does
	room []byte
}

func newJournal(text io.Writer) journal {
	j := journal{sum: sha256.New()}
	if text != nil {
		j.text = bufio.NewWriter(text)
	}
	return j
}

// line adds a line: when, the store's revision, what, about what, and the rest.
func (j *journal) line(now cluster.Instant, revision int64, what, about, more string) error {
	b := strconv.AppendInt(j.room[:0], int64(now), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, revision, 10)
	b = append(append(b, ' '), what...)
	b = append(append(b, ' '), about...)
	if more != "" {
		b = append(append(b, ' '), more...)
	}
	b = append(b, '\n')
	j.room = b
	_, _ = j.sum.Write(b) // a hash does not fail
	if j.text == nil {
		return nil
	}
	_, err := j.text.Write(append([]byte(now.RFC3339()+" "), b...))
	return err
}

func (j *journal) digest() string {
	if j.text != nil {
		_ = j.text.Flush() // a writer that fails has said so before, or loses its last lines
	}
	return hex.EncodeToString(j.sum.Sum(nil)[:16])
}
