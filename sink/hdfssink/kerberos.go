package hdfssink

import (
	"errors"
	"fmt"
	"strings"

	"github.com/colinmarc/hdfs/v2"
	krb5 "github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/keytab"
)

// Kerberos says who writes and how that is proved. All files are read anew for each file put, so that one who renews them
// need tell nobody.
type Kerberos struct {
	// Principal is the router's, NAME@REALM; needed with Keytab, and only then.
	Principal string

	// Keytab is the path of a keytab that has Principal's key. Either it or CCache must be given.
	Keytab string

	// CCache is the path of a credential cache, as kinit writes it.
	CCache string

	// Config is the path of the configuration. Default: /etc/krb5.conf.
	Config string

	// Service is the namenodes' principal without the realm; _HOST in it stands for the host as New was told it.
	// Default: nn/_HOST.
	Service string

	// Protection is the least that is asked of datanodes: "authentication", "integrity" or "privacy"; they may ask for more
	// (dfs.data.transfer.protection, dfs.encrypt.data.transfer). Default: "", nothing, which serves with datanodes on
	// privileged ports and those that encrypt all transfers.
	Protection string
}

func (k *Kerberos) withDefaults() (Kerberos, error) {
	opts := *k
	if opts.Config == "" {
		opts.Config = "/etc/krb5.conf"
	}
	if opts.Service == "" {
		opts.Service = "nn/_HOST"
	}
	if err := opts.check(); err != nil {
		return opts, err
	}
	client, err := opts.load()
	if err != nil {
		return opts, fmt.Errorf("hdfssink: %w", err)
	}
	defer client.Destroy()
	opts.Principal = client.Credentials.UserName() + "@" + client.Credentials.Realm()
	return opts, nil
}

func (k *Kerberos) check() error {
	var err error
	if (k.Keytab == "") == (k.CCache == "") {
		err = errors.Join(err, errors.New("hdfssink: Kerberos: one of Keytab and CCache must be given"))
	}
	name, realm, _ := strings.Cut(k.Principal, "@")
	switch {
	case k.Keytab == "" && k.Principal != "":
		err = errors.Join(err, errors.New("hdfssink: Kerberos.Principal: CCache decides who it is"))
	case k.Keytab != "" && (name == "" || realm == "" || strings.Contains(realm, "@")):
		err = errors.Join(err, fmt.Errorf("hdfssink: Kerberos.Principal: %.200q is not NAME@REALM", k.Principal))
	}
	switch k.Protection {
	case "", hdfs.DataTransferProtectionAuthentication, hdfs.DataTransferProtectionIntegrity,
		hdfs.DataTransferProtectionPrivacy:
	default:
		err = errors.Join(err, fmt.Errorf("hdfssink: Kerberos.Protection: %.200q is unknown", k.Protection))
	}
	return err
}

// load reads the files.
func (k *Kerberos) load() (*krb5.Client, error) {
	conf, err := read("Config", k.Config, config.Load)
	if err != nil {
		return nil, err
	}
	if k.CCache != "" {
		return read("CCache", k.CCache, func(name string) (*krb5.Client, error) {
			cache, err := credentials.LoadCCache(name)
			if err != nil {
				return nil, err
			}
			return krb5.NewFromCCache(cache, conf)
		})
	}
	keys, err := read("Keytab", k.Keytab, keytab.Load)
	if err != nil {
		return nil, err
	}
	name, realm, _ := strings.Cut(k.Principal, "@")
	return krb5.NewWithKeytab(name, realm, keys, conf, krb5.DisablePAFXFAST(true)), nil
}

// read loads a file by functions that panic when it is cut short, as one is that is just being written.
func read[T any](what, name string, load func(string) (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("Kerberos.%s: %s is none: %v", what, name, p)
		}
	}()
	if v, err = load(name); err != nil {
		err = fmt.Errorf("Kerberos.%s: %w", what, err)
	}
	return v, err
}

// client returns one that can get tickets, to be destroyed after use.
func (k *Kerberos) client() (*krb5.Client, error) {
	client, err := k.load()
	if err != nil || k.CCache != "" {
		return client, err
	}
	if err := client.Login(); err != nil {
		client.Destroy()
		return nil, fmt.Errorf("log in as %s: %w", k.Principal, err)
	}
	return client, nil
}
