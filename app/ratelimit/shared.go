package ratelimit

import (
	"context"
	"fmt"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	sharedWait  = 100 * time.Millisecond // for an answer of Redis
	sharedPause = time.Second            // before one that did not answer is asked again
	sharedKey   = "switchboard:rate:"
)

// gcra is the generic cell rate algorithm (ITU-T I.371): of each key it stores when
// the next use would be exactly on time. A use may come early by as much as the burst
// allows; one that is earlier counts nothing, for none of the keys. Times are
// microseconds of Redis's own clock.
var gcra = redis.NewScript(-1, `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local due = {}
for i, key in ipairs(KEYS) do
	local interval, burst = tonumber(ARGV[2*i-1]), tonumber(ARGV[2*i])
	due[i] = math.max(tonumber(redis.call('GET', key) or now), now) + interval
	local early = due[i] - now - interval * burst
	if early > 0 then return {i, early} end
end
for i, key in ipairs(KEYS) do
	redis.call('SET', key, string.format('%.0f', due[i]), 'PX', math.ceil((due[i] - now) / 1000))
end
return {0, 0}
`)

// countShared counts in Redis, for all replicas.
func countShared(ctx context.Context, pool *redis.Pool, uses []use) (over use, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, sharedWait)
	defer cancel()
	conn, err := pool.GetContext(ctx)
	if err != nil {
		return over, 0, err
	}
	defer conn.Close()
	args := redis.Args{len(uses)}
	for _, u := range uses {
		args = args.Add(sharedKey + u.name())
	}
	for _, u := range uses {
		args = args.Add(u.rate.interval().Microseconds(), u.rate.N)
	}
	answer, err := redis.Int64s(gcra.DoContext(ctx, conn, args...))
	if err != nil {
		return over, 0, err
	}
	if len(answer) != 2 || answer[0] < 0 || answer[0] > int64(len(uses)) {
		return over, 0, fmt.Errorf("unexpected answer %v", answer)
	}
	if answer[0] == 0 {
		return over, 0, nil
	}
	return uses[answer[0]-1], time.Duration(answer[1]) * time.Microsecond, nil
}
