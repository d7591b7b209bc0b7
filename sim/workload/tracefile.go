package workload

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// NewTrace reads a trace; name is for messages. What begins with a brace is JSON Lines,
// everything else CSV.
func NewTrace(name string, r io.Reader) (*Trace, error) {
	t := &Trace{file: name, pods: map[podKey]*Pod{}}
	b := bufio.NewReader(r)
	first, err := firstByte(b)
	if errors.Is(err, io.EOF) {
		return nil, &TraceError{name, 1, errors.New("the trace is empty: want CSV with a header, or JSON Lines")}
	}
	if err != nil {
		return nil, err
	}
	if first == '{' {
		lines := bufio.NewScanner(b)
		lines.Buffer(nil, maxLine)
		t.rows = &jsonRows{file: name, lines: lines}
		return t, nil
	}
	rows, err := newCSV(name, b)
	if err != nil {
		return nil, err
	}
	t.rows = rows
	return t, nil
}

// maxLine bounds a line of a trace, in bytes.
const maxLine = 1 << 16

// firstByte returns the first byte that is not white space, without taking it.
func firstByte(b *bufio.Reader) (byte, error) {
	for {
		c, err := b.Peek(1)
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(c[0])) {
			return c[0], nil
		}
		if _, err := b.Discard(1); err != nil {
			return 0, err
		}
	}
}

// csvRows are the rows of a CSV file with a header.
type csvRows struct {
	file   string
	reader *csv.Reader
	header []string
}

func newCSV(name string, r io.Reader) (*csvRows, error) {
	c := &csvRows{file: name, reader: csv.NewReader(r)}
	c.reader.TrimLeadingSpace, c.reader.Comment = true, '#'
	header, err := c.reader.Read()
	if err != nil {
		return nil, c.mistake(err)
	}
	var blank row
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		header[i] = h
		switch {
		case blank.field(h) == nil:
			return nil, &TraceError{name, 1, unknownColumn(h)}
		case slices.Contains(header[:i], h):
			return nil, &TraceError{name, 1, fmt.Errorf("column %s is there twice", h)}
		}
	}
	for _, need := range []string{"submit", "cpu", "memory"} {
		if !slices.Contains(header, need) {
			return nil, &TraceError{name, 1, fmt.Errorf("column %s is missing from the header", need)}
		}
	}
	c.header = header
	c.reader.ReuseRecord = true
	return c, nil
}

// mistake names the line of an error of the CSV reader.
func (c *csvRows) mistake(err error) error {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return &TraceError{c.file, bad.Line, bad.Err}
	}
	return err
}

func (c *csvRows) next(r *row) (int, error) {
	fields, err := c.reader.Read()
	if err != nil {
		return 0, c.mistake(err)
	}
	line, _ := c.reader.FieldPos(0)
	for i, text := range fields {
		*r.field(c.header[i]) = strings.TrimSpace(text)
	}
	return line, nil
}

// jsonRows are the rows of a file with one JSON object a line.
type jsonRows struct {
	file  string
	lines *bufio.Scanner
	line  int
}

func (j *jsonRows) next(r *row) (int, error) {
	for j.lines.Scan() {
		j.line++
		text := strings.TrimSpace(j.lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if err := j.read(text, r); err != nil {
			return 0, &TraceError{j.file, j.line, err}
		}
		return j.line, nil
	}
	if err := j.lines.Err(); err != nil {
		return 0, &TraceError{j.file, j.line + 1, err}
	}
	return 0, io.EOF
}

func (*jsonRows) read(text string, r *row) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more after the object: write one object a line")
	}
	for name, v := range fields {
		field := r.field(name)
		if field == nil {
			return unknownColumn(name)
		}
		switch v := v.(type) {
		case nil:
		case string:
			*field = v
		case json.Number:
			*field = v.String()
		case bool:
			*field = fmt.Sprint(v)
		default:
			return fmt.Errorf("%s: want a text, a number or true or false", name)
		}
	}
	return nil
}
