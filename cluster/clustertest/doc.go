// Package clustertest reads clusters from short scripts, so that a test shows
// the cluster it is about on the lines above what is expected of it.
//
// It owns that small language and nothing else: it makes a [cluster.Input] and
// decides nothing. One object a line, # starts a comment:
//
//	type m5.large cpu=2 mem=8Gi pods=29 price.on-demand=0.118 price.spot=0.05 zones=a,b,c
//	pool default weight=10 limit.cpu=100 taint=dedicated=db:NoSchedule require=zone=a,b
//	daemonset aws-node cpu=50m
//	node n1 type=m5.large pool=default zone=a
//	claim c1 pool=default type=m5.large zone=b capacity-type=spot
//	pods web 100 cpu=1 mem=1.5Gi selector=zone=a tolerate=dedicated=db:NoSchedule
//
// # Amounts
//
// cpu, mem, pods, storage, or a resource's full name (nvidia.com/gpu=1), in
// Kubernetes' notation: 2, 500m, 1.5Gi. Prices are USD per hour.
//
// # Conditions on labels
//
// key=a,b  key!=a,b  key  !key  key>1  key<1  key>=1  key<=1. The short keys
// zone, arch, os, type and capacity-type stand for the well-known labels. Several
// conditions of one affinity term are joined by &; each affinity= is one term.
// In a pool, ";min=3" after a condition is its minValues.
//
// # Objects
//
// type: amounts are the capacity, alloc.cpu=… what pods may use of it when that
// is less; zones=, class= (node class, "default"), arch=, os=, label.KEY=,
// price.CAPACITYTYPE= and price.CAPACITYTYPE@ZONE=, soldout=CAPACITYTYPE@ZONE,…,
// imputed=CAPACITYTYPE,… and reclaim.CAPACITYTYPE= (per million and hour), and
// draw.CAPACITYTYPE=STOCK:N, draw.@ZONE= and draw.CAPACITYTYPE@ZONE= (what a node
// takes of a stock).
//
// stock NAME: left=N.
//
// overlay NAME: weight=, require=, price= or change= (+10%, -0.01), amounts that are
// added.
//
// pool: weight=, class=, limit.RESOURCE=, taint=, startup-taint=, label.KEY=,
// require=, replicas=, consolidate-after=, expire-after=, policy=, budget= (3 or 10%),
// invalid=WHY, shape=group with min= and members= (conditions that tell its nodes),
// shape=per-pod with selects=NAMESPACE;KEY=VALUE;… (patterns) and drivers=.
//
// node: type= or amounts; pool= makes a claim for it too; zone=, capacity-type=,
// label.KEY=, taint=, and the flags notready, cordoned, deleting, young (not
// initialized).
//
// claim: pool=, type=, zone=, capacity-type=, the flag deleting.
//
// pods NAME COUNT: amounts, ns=, label.KEY= (app is the name unless it is given),
// selector= affinity=, tolerate= (KEY,
// KEY=VALUE, KEY:EFFECT, KEY=VALUE:EFFECT or * for everything), refused=, node=
// (bound there), daemon=NAME (owned by that DaemonSet), priority=, and the flags
// gated, untried (the scheduler has not looked at it), deleting, ready, local-storage, bare (no owner),
// do-not-disrupt, deletion-cost=; host-access= (what PerPod pools do not have). Constraints between pods, where PODS are conditions on labels,
// * for all pods of the namespace and those of the same app if left out:
// near=KEY;PODS and apart=KEY;PODS (pod affinity and anti-affinity), spread=KEY;…
// with any of PODS, skew=N (1), domains=N, soft, honor-taints and ignore-affinity,
// and port= (8080, 53/UDP or 80/TCP@10.0.0.1).
//
// device=CLASS:COUNT, CLASS:all or CLASS:COUNT:MODEL (a ResourceClaim for each pod) and
// claim=NAME (one that is shared).
//
// deviceclass NAME: driver=.
//
// devices NODE COUNT (a ResourceSlice): driver=, pool=, model=, taken=N (allocated),
// unusable=WHY, the flag incomplete.
//
// resourceclaim NAME: ns=, device=, refused=, on=NODE (allocated there), the flag deleting.
//
// daemonset: amounts, selector=, affinity=, tolerate=.
//
// gang NAME: ns=, least= (of its pods, which have gang=NAME, that must have a place).
//
// pdb NAME: ns=, selector= (conditions on labels of pods; all pods without), allowed=
// (disruptions that it allows now, 0).
package clustertest
