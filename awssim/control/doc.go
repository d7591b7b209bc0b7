// Package control lets people and scripts look into a simulated AWS and make things
// happen in it that nobody can ask AWS for: a new image, a pool without capacity, Spot
// instances that are taken back, a machine that is to be retired.
//
// It owns a few requests of its own beside AWS's, under /_ullage/ on the same port, and
// their client. They are JSON and need a token, which the server's user has; AWS's
// credentials are not asked for.
package control
