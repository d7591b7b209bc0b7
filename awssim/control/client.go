package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client asks a running server.
type Client struct {
	URL, Token string
	// HTTP trusts the server's certificate, where it has one.
	HTTP *http.Client
}

// State tells what there is, with up to so many lines of the log.
func (c *Client) State(ctx context.Context, lines int) (State, error) {
	var s State
	err := c.ask(ctx, http.MethodGet, fmt.Sprintf("state?log=%d", lines), nil, &s)
	return s, err
}

// Release publishes images.
func (c *Client) Release(ctx context.Context, r *Release) error { return c.post(ctx, "release-ami", r) }

// Drain bounds the capacity of pools.
func (c *Client) Drain(ctx context.Context, d *Drain) error { return c.post(ctx, "drain-capacity", d) }

// Reclaim takes Spot instances back.
func (c *Client) Reclaim(ctx context.Context, r *Reclaim) error { return c.post(ctx, "reclaim", r) }

// Retire schedules the end of machines.
func (c *Client) Retire(ctx context.Context, r *Retire) error { return c.post(ctx, "retire", r) }

// post sends a request and reads the answer into it.
func (c *Client) post(ctx context.Context, what string, request any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return c.ask(ctx, http.MethodPost, what, bytes.NewReader(body), request)
}

func (c *Client) ask(ctx context.Context, method, what string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.URL+prefix+what, body)
	if err != nil {
		return fmt.Errorf("simulated AWS: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return fmt.Errorf("simulated AWS: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("simulated AWS: %w", err)
	case resp.StatusCode != http.StatusOK:
		return errors.New(strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("simulated AWS: answer to %s: %w", what, err)
	}
	return nil
}
