// Package middleware makes a net/http service a generator of messages: a timer for each request and each outgoing call, a
// traceback for each panic, and what security events say of a request.
//
// A whole service, whose messages leave over ZeroMQ:
//
//	func run(ctx context.Context) error {
//		router, err1 := zmqsink.New("tcp://127.0.0.1:5565", nil)
//		m, err2 := metlog.New(router, &metlog.Options{Logger: "shop"})
//		if err := errors.Join(err1, err2); err != nil {
//			return err
//		}
//		mux := http.NewServeMux()
//		mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
//			id := r.PathValue("id")
//			metlog.Watch(r.Context(), "id", &id) // shown in the traceback if this panics
//			show(w, id)
//		})
//		handler := middleware.Timer(m, nil)(middleware.Panics(m, nil)(mux))
//		server := &http.Server{Addr: "127.0.0.1:8080", Handler: handler, ReadHeaderTimeout: 5 * time.Second}
//		failed := make(chan error, 1)
//		go func() { failed <- server.ListenAndServe() }()
//		var err error
//		select {
//		case err = <-failed:
//		case <-ctx.Done():
//		}
//		grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
//		defer cancel()
//		return errors.Join(err, server.Shutdown(grace), m.Shutdown(grace), router.Shutdown(grace))
//	}
//
// # Routers
//
// Messages are named by the route's pattern, which is known only when the request has been served:
//
//   - [http.ServeMux] writes it into the request: put [Timer] around the mux. [Panics] may stand between them. Any other
//     middleware between them that passes on a copy of the request hides it: put Panics next to the mux, where it learns
//     the pattern for the Timer, or give the Timer [PatternOf] as Label.
//   - chi writes it too, into a copy: give Timer to the router's Use. Where routers have routers in them, a Label that
//     returns chi.RouteContext(r.Context()).RoutePattern() knows the whole pattern, whatever stands between them.
//   - gorilla/mux knows it as mux.CurrentRoute: give a Timer with a Label that asks for its template to the router's Use.
//   - httprouter tells nobody: put a Timer around each handler, with a Label that returns the route's.
//
// A panic's event names its route the same way: where a Timer with a Label is around Panics, nothing needs to be said
// twice. Elsewhere, also where rates may turn that Timer off, [PanicsOptions] has a Label of its own.
//
// # What is sent
//
// Nothing of a request's path, query, body or address, and of its headers only what [Timer] and [PanicsOptions] name. What
// comes from the client is bounded: methods are those that have an RFC, ids are checked and short. Only [Event] is another
// matter: security events say who it was and what was asked for.
package middleware
