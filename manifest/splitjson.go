package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// json reads one JSON object. The items of a List are handed on one by one; of
// the rest each value is held.
func (s *splitter) json() error {
	lines := &lineReader{r: s.in, line: s.line + 1}
	dec := json.NewDecoder(lines)
	err := s.object(dec, lines)
	if err != nil {
		return s.jsonError(err, lines)
	}
	s.line = lines.at(dec.InputOffset()) - 1
	// The decoder has read ahead; what it did not use comes first.
	s.in = bufio.NewReaderSize(io.MultiReader(dec.Buffered(), s.in), 64<<10)
	return nil
}

func (s *splitter) object(dec *json.Decoder, lines *lineReader) error {
	begin := lines.line
	if _, err := dec.Token(); err != nil { // the brace
		return err
	}
	rest := []byte{'{'}
	p := piece{at: Position{File: s.file, Document: s.doc, Line: begin}, json: true}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if key == "items" && !p.stripped {
			p.stripped = true
			if err := s.items(dec, lines, &p, rest); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		rest = appendField(rest, key, value)
		if len(rest) > MaxObject {
			return errTooLarge
		}
		lines.release(dec.InputOffset())
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	p.text = append(rest, '}')
	s.emit(p)
	return nil
}

// items hands on the elements of the array that comes next. What is no array stays
// a part of the document.
func (s *splitter) items(dec *json.Decoder, lines *lineReader, p *piece, rest []byte) error {
	open, err := dec.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('[') {
		if open == nil {
			return nil // null
		}
		return &Error{At: p.at, Field: "items", Err: errors.New("must be a list")}
	}
	var list typeMeta
	if json.Unmarshal(append(bytes.Clone(rest), '}'), &list) != nil {
		list = typeMeta{} // told when the document ends
	}
	for i := 1; dec.More(); i++ {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		at := p.at
		at.Item, at.Line = i, lines.at(dec.InputOffset()-int64(len(value)))
		s.emit(piece{at: at, text: value, json: true, listKind: list.Kind, listVersion: list.APIVersion})
		lines.release(dec.InputOffset())
	}
	_, err = dec.Token()
	return err
}

func appendField(object []byte, key json.Token, value []byte) []byte {
	if len(object) > 1 {
		object = append(object, ',')
	}
	name, _ := json.Marshal(key) // a string, as keys are
	object = append(append(object, name...), ':')
	return append(object, value...)
}

// jsonError says on which line JSON is broken.
func (s *splitter) jsonError(err error, lines *lineReader) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	at := Position{File: s.file, Document: s.doc, Line: lines.line}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		at.Line = lines.at(syntax.Offset)
		err = fmt.Errorf("this is not valid JSON: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		at.Line = lines.at(lines.read)
		err = errors.New("the JSON is cut off here")
	}
	return &Error{At: at, Err: err}
}

// lineReader counts lines, so that offsets of the decoder can be told as lines. It
// also keeps one value from filling the memory.
type lineReader struct {
	r    io.Reader
	read int64
	line int // of what was released last
	// ends are the offsets of line ends that were read and not released.
	ends     []int64
	released int64
}

func (l *lineReader) Read(b []byte) (int, error) {
	if l.read-l.released > MaxObject+1<<20 { // the decoder reads ahead a little
		return 0, errTooLarge
	}
	n, err := l.r.Read(b)
	for i, c := range b[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

// at returns the line of an offset that is not released.
func (l *lineReader) at(offset int64) int {
	line := l.line
	for _, end := range l.ends {
		if end >= offset {
			break
		}
		line++
	}
	return line
}

// release forgets what is before an offset.
func (l *lineReader) release(offset int64) {
	n := l.at(offset) - l.line
	l.line += n
	l.ends = l.ends[:copy(l.ends, l.ends[n:])]
	l.released = offset
}
