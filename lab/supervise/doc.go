// Package supervise keeps a program running beside this one, as a process of its own.
//
// It owns that process: it starts it, starts it again whenever it ends, and ends it with
// this one, however that ends. For that the program reads its standard input, which ends
// when its parent does ([Orphaned]). It refuses to know what the program is for.
package supervise
