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

	// Protection is what datanodes ask for, dfs.data.transfer.protection: "authentication", "integrity" or "privacy".
	// A cluster that encrypts all transfers says so itself. Default: "", none, for datanodes on privileged ports.
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
	conf, err := config.Load(k.Config)
	if err != nil {
		return nil, fmt.Errorf("Kerberos.Config: %w", err)
	}
	if k.CCache != "" {
		cache, err := credentials.LoadCCache(k.CCache)
		if err != nil {
			return nil, fmt.Errorf("Kerberos.CCache: %w", err)
		}
		client, err := krb5.NewFromCCache(cache, conf)
		if err != nil {
			return nil, fmt.Errorf("Kerberos.CCache: %w", err)
		}
		return client, nil
	}
	keys, err := keytab.Load(k.Keytab)
	if err != nil {
		return nil, fmt.Errorf("Kerberos.Keytab: %w", err)
	}
	name, realm, _ := strings.Cut(k.Principal, "@")
	return krb5.NewWithKeytab(name, realm, keys, conf, krb5.DisablePAFXFAST(true)), nil
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
