// Package view is the read model: what the engine knows, in the form in which
// people look at it. A [Frame] is one moment: nodes with their states, pods,
// utilisation and price. A [Timeline] is what happened, as lines with reasons.
//
// It owns the words and the marks: what a node's state is called, what is added
// up, how a price is written, how forty notes become one line. It refuses to draw
// (tui, cli, web), and it has no clock, no I/O and no goroutine: instants are
// handed in, and equal input gives an equal frame.
//
// The loop hands over, the drawer works. At every step, which must be quick:
//
//	timeline.Observe(step.At, step.Effects)
//	in, status, story := step.Engine.Input(), step.Engine.Status(), timeline.Story()
//
// and wherever it is drawn, as often as somebody looks:
//
//	frame := view.NewFrame(now, in, status, story)
//
// # Prices
//
// Prices are USD per hour with four decimals; a month has 730 hours, the
// convention of cloud bills. A price that was estimated, because none is
// published, and a sum that contains one begins with "~". "?" stands for a price
// that nobody knows, and a sum without such a part ends in "+?".
package view
