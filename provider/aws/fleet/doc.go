// Package fleet launches, finds and ends EC2 instances, many with each call.
//
// It owns what is asked of EC2 for that: launch templates by their content, CreateFleet
// for all nodes of a batch at once, the tags by which instances are found again, what was
// found to be short, and what all launches have to wait for together. It refuses to decide
// which offerings are tried, and knows no node classes.
//
// # A launch that happens once
//
// A process may die at any moment, and answers may be lost. What a token stands for is
// found again in two ways: EC2 remembers client tokens, and every instance carries its
// token as a tag from its first moment on. Tags are asked first, since the parameters of
// the call may be others by then (a node class was edited, a price has moved), in which
// case EC2 refuses the client token; and the client token covers the seconds in which
// descriptions do not show an instance yet. Nothing that matters is held in memory alone.
//
// # What is held back
//
// EC2 bounds how many instances an account launches, whoever asks, and learns late of new
// instance profiles. A launch that finds that out by itself has made a call in vain, and so
// has each of those beside it: quota and trial are one view of it for all of a process. It
// may be lost: the next process counts what has been launched, and tries again.
package fleet
