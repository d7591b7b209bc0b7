// Package command owns what the commands of this module have alike: how they end, what
// they take, and the file that a table is written to besides.
//
// It refuses to know what they measure.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

// Main runs a command until it is done or interrupted, and ends the process with status 1
// if that was not well.
func Main(name string, run func(ctx context.Context, args []string, stdout io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Parse reads flags, and refuses whatever is none.
func Parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%q is not expected: there are only flags", f.Arg(0))
	}
	return nil
}

// Tee lets write fill w and, unless path is empty, a file too, whose folder is made.
func Tee(w io.Writer, path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return write(w)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return write(io.MultiWriter(w, file))
}
