// Package world is an AWS account in one region, as a state machine: its network,
// images, instances, launch templates, tags, queues, prices and quotas.
//
// It owns what is so and how it changes; [World.Advance] lets time pass. Machines come
// from provider/simulated, the same machine room that the lab has without AWS in front
// of it: the same stocks, boot times, lags and reclaims. It refuses to know protocols,
// requests and their parameters (awssim/wire and the packages of the services do), and it
// has no clock, no lock and no randomness but what follows from the seed and from names:
// the same calls at the same instants give the same world, and the same log, byte by byte.
//
// A World is not safe for concurrent use. Whoever serves it asks one question at a time.
package world
