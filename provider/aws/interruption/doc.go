// Package interruption listens to the queue that EventBridge delivers to, and says of
// which instances AWS announces something: that a Spot instance will be taken back, that
// one might be, that one is to be retired or rebooted, or that somebody has stopped one.
//
// It owns the forms of these messages and what becomes of them on the queue. What is not
// acknowledged is received again, by this process or by the next; order and repetition do
// not matter. What nobody acknowledges, such as news of instances that are not the
// cluster's, is dropped after a while. It refuses to know which instances are.
package interruption
