package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxObject is how many bytes of text one object may have. The API server takes
// 3 MiB and etcd half of that, so what is larger is not an object.
const MaxObject = 16 << 20

var errTooLarge = fmt.Errorf("one object has more than %d MiB of text; a List is read item by item only if it is written in block style", MaxObject>>20)

// piece is the text of one object, or of a document that is a List without the
// items that were cut out of it.
type piece struct {
	at   Position
	text []byte // the receiver may keep it
	json bool   // otherwise YAML
	// listKind and listVersion are those of the List around an item, as far as they
	// come before its items.
	listKind, listVersion string
	// stripped: items were cut out, so the document must be a List. gapAfter and
	// gapLines say how many lines are missing after which line of text.
	stripped           bool
	gapAfter, gapLines int
}

// splitter cuts a stream of YAML and JSON documents into pieces.
type splitter struct {
	file string
	in   *bufio.Reader
	line int    // lines read so far
	doc  int    // documents begun so far
	back []byte // a line that was read and belongs to the next document
	// emit is given every piece in order.
	emit func(piece)
}

// split reads r to its end. Its error is a mistake after which the rest of the
// stream cannot be read, or one of reading.
func split(file string, r io.Reader, emit func(piece)) error {
	s := &splitter{file: file, in: bufio.NewReaderSize(r, 64<<10), emit: emit}
	if b, err := s.in.Peek(3); err == nil && bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		s.discard(3) // a byte order mark
	}
	for {
		isJSON, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.wrap(err)
		}
		s.doc++
		if isJSON {
			err = s.json()
		} else {
			err = s.yaml()
		}
		if err != nil {
			return err
		}
	}
}

// wrap gives an error of reading the place where it happened.
func (s *splitter) wrap(err error) error {
	var at *Error
	if errors.As(err, &at) {
		return err
	}
	return &Error{At: Position{File: s.file, Document: s.doc, Line: s.line + 1}, Err: err}
}

// next goes to where the next document begins and tells whether it is JSON. What
// stands between documents (blank lines, comments, markers, directives) is skipped.
func (s *splitter) next() (isJSON bool, err error) {
	if s.back != nil {
		return false, nil
	}
	for {
		ahead, err := s.in.Peek(512)
		if len(ahead) == 0 {
			return false, err
		}
		content := bytes.TrimLeft(ahead, " \t\r\n")
		blank := ahead[:len(ahead)-len(content)]
		if end := bytes.LastIndexByte(blank, '\n'); end >= 0 {
			s.line += bytes.Count(blank, []byte{'\n'})
			s.discard(end + 1)
			continue
		}
		if len(content) == 0 { // no line ends here: a long run of blanks
			s.discard(len(ahead))
			continue
		}
		if content[0] == '#' || content[0] == '%' || (len(blank) == 0 && isMarker(content)) {
			line, err := s.readLine(nil)
			if err != nil {
				return false, err
			}
			if rest := afterMarker(line); rest != nil {
				s.back = rest
				return false, nil
			}
			continue
		}
		return looksLikeJSON(content), nil
	}
}

func (s *splitter) discard(n int) {
	_, _ = s.in.Discard(n) // what was peeked at is there
}

// looksLikeJSON tells an object in JSON from a YAML mapping in braces: its first
// key is quoted.
func looksLikeJSON(b []byte) bool {
	if b[0] != '{' {
		return false
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	return len(b) == 0 || b[0] == '"' || b[0] == '}'
}

// readLine appends the next line, with its end, to buf. It fails with io.EOF only
// when nothing is left.
func (s *splitter) readLine(buf []byte) ([]byte, error) {
	start := len(buf)
	for {
		part, err := s.in.ReadSlice('\n')
		buf = append(buf, part...)
		switch {
		case err == nil:
			s.line++
			return buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
			if len(buf) > MaxObject {
				return buf, errTooLarge
			}
		case errors.Is(err, io.EOF) && len(buf) > start:
			s.line++
			return buf, nil
		default:
			return buf, err
		}
	}
}

// isMarker tells whether a line begins with "---" or "..." as a marker.
func isMarker(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return false
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r' || line[3] == '\n'
}

// afterMarker returns what stands behind a "---" on the same line, in its column;
// nil for nothing.
func afterMarker(line []byte) []byte {
	if !isMarker(line) || line[0] != '-' {
		return nil
	}
	rest := bytes.TrimLeft(line[3:], " \t\r\n")
	if len(rest) == 0 || rest[0] == '#' {
		return nil
	}
	return append([]byte("   "), line[3:]...)
}
