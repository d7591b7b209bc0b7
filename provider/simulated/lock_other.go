//go:build !unix

package simulated

import "errors"

// lock fails: without flock a second process on the same journal would go
// unnoticed and both would be lost.
func lock(string) (unlock func() error, err error) {
	return nil, errors.New("journals need a Unix system; make the cloud in memory instead")
}
