package awssim

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// refusals are what a service calls it when it does not take a request for the one who
// has signed it.
type refusals struct {
	unauthenticated string     // nobody knows the access key, or the session's token is another
	badSignature    string     // it was not made with the key's secret, or is of another request
	skewed          string     // it was made at another time than it is
	expired         wire.Error // the session is over
	denied          string     // the operation is not allowed
}

// refusals of the protocols. EC2 documents RequestExpired for clocks that are apart, but
// answers AuthFailure as to any bad signature; RequestExpired is what it says of sessions.
var (
	refusedByEC2 = refusals{
		"AuthFailure", "AuthFailure", "AuthFailure", wire.Error{Code: "RequestExpired", Message: "Request has expired."}, "UnauthorizedOperation",
	}
	refusedByQuery = refusals{
		"InvalidClientTokenId", "SignatureDoesNotMatch", "SignatureDoesNotMatch", wire.Error{Code: "ExpiredToken", Status: http.StatusForbidden, Message: tokenExpired}, "AccessDenied",
	}
	refusedByJSON = refusals{
		"UnrecognizedClientException", "InvalidSignatureException", "InvalidSignatureException",
		wire.Error{Code: "ExpiredTokenException", Status: http.StatusForbidden, Message: tokenExpired}, "AccessDeniedException",
	}
)

const tokenExpired = "The security token included in the request is expired"

// authenticate checks who signed a request. Without secrets everybody is believed but who
// signs for a session: those are known.
func (s *Server) authenticate(r *http.Request, body []byte, sig signature, by refusals) error {
	refused := func(code string, why error) error {
		status := http.StatusForbidden
		if code == "AuthFailure" {
			status = http.StatusUnauthorized
		}
		return &wire.Error{Code: code, Status: status, Message: "AWS was not able to validate the provided access credentials: " + why.Error()}
	}
	secret, known := s.cfg.Secrets[sig.key]
	if session := s.session(sig.key); session != nil {
		switch {
		case r.Header.Get("X-Amz-Security-Token") != session.Token:
			return refused(by.unauthenticated, errors.New("the security token included in the request is invalid"))
		case session.Expired(s.cfg.Now()):
			return &by.expired
		}
		secret, known = session.Secret, true
	}
	switch {
	case len(s.cfg.Secrets) == 0 && !known:
		return nil
	case !known:
		return refused(by.unauthenticated, fmt.Errorf("the access key %.20q is not known", sig.key))
	}
	err := sig.verify(r, body, secret, world.Time(s.cfg.Now()))
	switch {
	case errors.Is(err, errSkewed):
		return refused(by.skewed, err)
	case err != nil:
		return refused(by.badSignature, err)
	}
	return nil
}

// session finds the session of an access key, nil for none.
func (s *Server) session(key string) *world.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.World.Session(key)
}
