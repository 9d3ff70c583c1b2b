# Several hosts, each a network namespace with a host name of its own, which see each other over virtual cables only: "data" for the
# ranks' messages, "control" for mpirun and its daemon. Nothing leaves these namespaces.
load ranks
timeout=8
slack=10

setup() {
    in_own_folder_of_ranks
    [ "$(id -u)" -eq 0 ] || skip "not root: several hosts were not tried"
    command -v ip >/dev/null || skip "no ip (iproute2): several hosts were not tried"
    host_a=cam-a-$$ host_b=cam-b-$$
    export host_a host_b
    connect 2>cannot || skip "no network namespaces here: several hosts were not tried ($(head -1 cannot))"
    make_launchers
    mpirun=("$PWD/on_host" "$host_a" mpirun --bind-to none --host 10.213.1.1:2,10.213.1.2:1 --mca plm_rsh_agent "$PWD/agent"
        --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.213.1.0/24 --mca oob_tcp_if_include 10.213.2.0/24)
}

teardown() {
    local host process
    end_job
    for host in "${host_a:-}" "${host_b:-}"; do
        [ -e "/run/netns/$host" ] && [ -n "$host" ] || continue
        for process in $(ip netns pids "$host"); do kill -KILL "$process" || true; done
        ip netns del "$host"
    done
}

connect() {
    local host link n=0
    ip netns add "$host_a" && ip netns add "$host_b" || return 1
    for link in data control; do
        n=$((n + 1))
        ip -n "$host_a" link add $link type veth peer name $link netns "$host_b" || return 1
        ip -n "$host_a" addr add 10.213.$n.1/24 dev $link || return 1
        ip -n "$host_b" addr add 10.213.$n.2/24 dev $link || return 1
    done
    for host in "$host_a" "$host_b"; do
        for link in lo data control; do ip -n "$host" link set $link up || return 1; done
        ip netns exec "$host" unshare --uts true || return 1
    done
}

# on_host NAME COMMAND... runs there; agent ADDRESS COMMAND is what mpirun takes for ssh.
make_launchers() {
    cat >on_host <<'END'
#!/bin/bash
host=$1
shift
exec ip netns exec "$host" unshare --uts bash -c 'hostname "$0" && exec "$@"' "$host" "$@"
END
    cat >agent <<'END'
#!/bin/bash
[ "$1" = 10.213.1.2 ] || exit 1
shift
exec "$(dirname "$0")/on_host" "$host_b" bash -c "$*"
END
    chmod +x on_host agent
}

cut_link() { ip -n "$host_b" link set "$1" down; }

bytes_over() { ip netns exec "$host_a" sed -n "s/^ *$1: *\([0-9]*\) .*/\1/p" /proc/net/dev; }

@test "three ranks on two hosts train what one process trains" {
    succeeds cam-train --config c.yaml per_device_train_batch_size=12 output_dir=alone
    launch 3 -- --config c.yaml per_device_train_batch_size=4
    ends_within 60
    [ "$status" -eq 0 ] || complain_with_all "expected of mpirun: exit 0"
    same_run alone out
    [ "$(cat ranks/host.* | tr '\n' ' ')" = "$host_a $host_a $host_b " ] || complain_with_all "not two hosts"
    [ "$(bytes_over data)" -gt 100000 ] || complain_with_all "little went over the data link: $(bytes_over data) bytes"
}

@test "the data link is cut while ranks train: all end with 9 in time, and nothing stays on either host" {
    train 3 eval_strategy=no ddp_timeout=$timeout
    steps_until 5
    since=$(now_ms)
    cut_link data
    ends_within 60
    lost 2 "$since" 0 1
    lost '[01]' "$since" 2
    [ "$status" -eq 9 ] || complain_with_all "expected of mpirun: exit 9"
    log_ends error
    eventually 10 nobody_on_hosts || complain_with_all "still there: $(ip netns pids "$host_a") $(ip netns pids "$host_b")"
}

nobody_on_hosts() {
    local process
    for process in $(ip netns pids "$host_a") $(ip netns pids "$host_b"); do gone "$process" || return 1; done
}

@test "a killed rank of another host, which the launcher does not report: the others end with 9 in time" {
    train 3 --enable-recovery -- eval_strategy=no ddp_timeout=$timeout
    steps_until 5
    since=$(now_ms)
    signal KILL 2
    ends_within 60
    lost 2 "$since" 0 1
    log_ends error
}

all_ended() { [ "$(compgen -G 'ranks/code.*' | wc -l)" -eq 3 ]; }

# mpirun and its daemon then wait for each other for as long as TCP does; teardown ends them.
@test "every link is cut: no rank waits for the launcher" {
    train 3 eval_strategy=no ddp_timeout=$timeout
    steps_until 5
    since=$(now_ms)
    cut_link control
    cut_link data
    eventually 60 all_ended || complain_with_all "a rank stays"
    eventually 5 all_gone
    lost 2 "$since" 0 1
    lost '[01]' "$since" 2
}
