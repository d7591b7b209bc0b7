// Package archtest holds the architecture as a test: which package may import
// which, what the pure core must never touch, and which modules the operator's
// binary is made of.
//
// It owns the table of arrows (arrows.go, the one file to edit when the
// architecture changes) and the checks of it. It refuses exceptions made in the
// code that is checked: there is no comment that switches a rule off.
//
// Every Go file counts whatever its build constraints, save files tagged ignore
// or tools alone, which are part of no build. Test files may import what they
// like.
//
// The pure core is checked transitively through packages of this project, but
// the standard library is not looked into: fmt needs os and time itself, and
// that is no leak as long as no door to them is used. The one such door that
// people walk through by accident, fmt's printing and scanning of the standard
// streams, is closed by name.
package archtest
