// Package command is `ullage operator`: what people set on its command line and in its
// environment, and the operator that comes of it. Two programs have it, ullage and
// ullage-lab, so that what is tried in the lab is what runs in a cluster.
//
// It is wiring only: it opens the cloud and the cluster that the settings name, and says
// what is wrong with one of them and how it is set right.
package command
