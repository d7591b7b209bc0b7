// Package tui draws a [view.Frame] with characters: [Screen] as a whole screen,
// [Live] as one that is redrawn in a terminal, [Plain] as lines for where there is
// no terminal.
//
// It owns columns, colours and what is left out when there is no room: a screen
// never has more lines or wider ones than it was given, whatever the cluster
// holds. It refuses to know what anything means (view) and where frames come from;
// all but Live and Plain are pure.
//
// A bar shows what is requested of what is allocatable: █ by pods that are bound,
// ▒ by waiting pods that a plan has put there, ░ is free. A "~" before a price
// marks an estimate (view says when).
package tui
