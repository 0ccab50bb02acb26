//! AMI over TLS: whom to trust. Never trusts a certificate that was not named in the configuration.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// How the switch proves who it is. The host's own list of authorities is never asked: a switch's certificate is the
/// business of those who run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Certificates signed by one of the authorities in this PEM file, for the switch's name.
    Authority(PathBuf),
    /// Exactly the first certificate of this PEM file, whatever names and dates it holds: the way for a self-signed one.
    Pinned(PathBuf),
}

/// TLS for one switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    pub trust: Trust,
    /// The name or address that the certificate must be for; the host connected to where not given.
    pub server_name: Option<String>,
}

impl Tls {
    /// Reads the certificates and makes ready to connect to `host`.
    ///
    /// # Errors
    /// In words for whoever wrote the configuration: a file that cannot be read or holds no certificate, a name that
    /// is none.
    pub(super) fn connector(&self, host: &str) -> Result<(TlsConnector, ServerName<'static>), String> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let name =
            ServerName::try_from(name.to_owned()).map_err(|_| format!("{name:?} is not the name of a server"))?;
        let provider = Arc::new(ring::default_provider());
        let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let config = match &self.trust {
            Trust::Authority(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|error| format!("{}: {error}", file.display()))?;
                }
                versions.with_root_certificates(roots).with_no_client_auth()
            }
            Trust::Pinned(file) => {
                let certificate = certificates(file)?.into_iter().next();
                let certificate = certificate.ok_or_else(|| no_certificate(file))?;
                versions
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(Pinned { certificate, provider }))
                    .with_no_client_auth()
            }
        };
        Ok((TlsConnector::from(Arc::new(config)), name))
    }
}

/// The longest file of certificates read, in bytes: the authorities of a whole operating system have 220 kB.
const LONGEST_FILE: u64 = 4 << 20;

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let read = || -> io::Result<Vec<u8>> {
        use std::io::Read;
        let mut pem = Vec::new();
        std::fs::File::open(file)?.take(LONGEST_FILE).read_to_end(&mut pem)?;
        Ok(pem)
    };
    let pem = read().map_err(|error| shown(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| shown(&error))?;
    if found.is_empty() { Err(no_certificate(file)) } else { Ok(found) }
}

fn no_certificate(file: &Path) -> String {
    format!("{}: no certificate in it", file.display())
}

/// Accepts one certificate, byte for byte. The handshake's signature is still verified: the other side must hold its key.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if end_entity.as_ref() == self.certificate.as_ref() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
