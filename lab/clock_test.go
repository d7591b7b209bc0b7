package lab_test

import (
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

func clock() cluster.Instant { return cluster.Instant(time.Now().UnixNano()) }
