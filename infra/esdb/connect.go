package esdb

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// parse reads a connection string. Its errors never show the string, which may hold a password.
func parse(connectionString string) (*client.Configuration, error) {
	conf, err := client.ParseConnectionString(connectionString)
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	if err == nil {
		err = conf.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("the event store's connection string is not understood, esdb://host:port?tls=false is its form: %w", err)
	}
	conf.MaxDiscoverAttempts = 1 // lazy repeats attempts, and can be interrupted
	return conf, nil
}

// CheckConnectionString tells what is wrong with a connection string, without showing it.
func CheckConnectionString(connectionString string) error {
	_, err := parse(connectionString)
	return err
}

// AddressOf is where a connection string leads to, without what is secret in it.
func AddressOf(connectionString string) string {
	conf, err := parse(connectionString)
	if err != nil {
		return "an address that is not understood"
	}
	return addressOf(conf)
}

func addressOf(conf *client.Configuration) string {
	if len(conf.GossipSeeds) == 0 {
		return conf.Address
	}
	seeds := make([]string, len(conf.GossipSeeds))
	for i, seed := range conf.GossipSeeds {
		seeds[i] = seed.String()
	}
	return strings.Join(seeds, ",")
}

// node is a connection of our own to the node that takes appends, for the client does not lend its connection.
type node struct {
	address string
	conn    *grpc.ClientConn
	version string
	batches bool // BatchAppend is offered
}

func openNode(ctx context.Context, conf *client.Configuration) (*node, error) {
	address, err := leaderAddress(ctx, conf)
	if err != nil {
		return nil, err
	}
	conn, err := dial(conf, address)
	if err != nil {
		return nil, err
	}
	n := &node{address: address, conn: conn}
	methods, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{})
	switch status.Code(err) {
	case codes.OK:
	case codes.Unimplemented, codes.NotFound: // a store from before it could say
		return n, nil
	default:
		conn.Close()
		return nil, fmt.Errorf("ask %s for its features: %w", address, err)
	}
	n.version = methods.GetEventStoreServerVersion()
	for _, m := range methods.GetMethods() {
		if m.GetServiceName() == "event_store.client.streams.streams" && m.GetMethodName() == "batchappend" {
			n.batches = true
		}
	}
	return n, nil
}

// leaderAddress asks the members of a cluster which of them leads.
func leaderAddress(ctx context.Context, conf *client.Configuration) (string, error) {
	seeds := []string{conf.Address}
	switch {
	case len(conf.GossipSeeds) > 0:
		seeds = seeds[:0]
		for _, seed := range conf.GossipSeeds {
			seeds = append(seeds, seed.String())
		}
	case !conf.DnsDiscover:
		return conf.Address, nil
	}
	var last error
	for _, seed := range seeds {
		leader, err := askForLeader(ctx, conf, seed)
		if err == nil {
			return leader, nil
		}
		last = fmt.Errorf("ask %s for the leader: %w", seed, err)
	}
	return "", last
}

func askForLeader(ctx context.Context, conf *client.Configuration, seed string) (string, error) {
	conn, err := dial(conf, seed)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(conf.GossipTimeout)*time.Second)
	defer cancel()
	info, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{})
	if err != nil {
		return "", err
	}
	for _, m := range info.GetMembers() {
		if m.GetIsAlive() && m.GetState() == gossip.MemberInfo_Leader {
			at := m.GetHttpEndPoint()
			return net.JoinHostPort(at.GetAddress(), strconv.Itoa(int(at.GetPort()))), nil
		}
	}
	return "", errors.New("the cluster has no leader at the moment")
}

func dial(conf *client.Configuration, address string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	opts = append(opts, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receiveBytesMax)))
	if !conf.DisableTLS {
		c := &tls.Config{InsecureSkipVerify: conf.SkipCertificateVerification, RootCAs: conf.RootCAs}
		if conf.UserCertFile != "" {
			cert, err := tls.LoadX509KeyPair(conf.UserCertFile, conf.UserKeyFile)
			if err != nil {
				return nil, fmt.Errorf("load the event store's user certificate: %w", err)
			}
			c.Certificates = []tls.Certificate{cert}
		}
		transport = credentials.NewTLS(c)
		if conf.Username != "" {
			opts = append(opts, grpc.WithPerRPCCredentials(login{conf.Username, conf.Password}))
		}
	}
	if conf.KeepAliveInterval >= 0 {
		opts = append(opts, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: conf.KeepAliveInterval, Timeout: conf.KeepAliveTimeout, PermitWithoutStream: true}))
	}
	return grpc.NewClient(address, append(opts, grpc.WithTransportCredentials(transport))...)
}

// login is sent over TLS alone.
type login struct{ user, password string }

func (l login) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token := base64.StdEncoding.EncodeToString([]byte(l.user + ":" + l.password))
	return map[string]string{"authorization": "Basic " + token}, nil
}

func (login) RequireTransportSecurity() bool { return true }
