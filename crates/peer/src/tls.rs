//! TLS between computers that know each other by their certificates' hashes.
//!
//! No authority, no names, no dates: a certificate is right if its SHA-256 is the one expected.
//! What these verifiers must never do themselves is check signatures; that is the provider's work,
//! and without it anybody could present a certificate that was merely copied.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error,
    PeerMisbehaved, ServerConfig, SignatureScheme,
};

use crate::identity::{Identity, fingerprint};
use crate::ids::PeerId;

/// The name in every certificate and in every request; it means nothing.
pub(crate) const SERVER_NAME: &str = "peer.manyhands.internal";

/// HTTP/1.1 only: its bulk bodies are faster than HTTP/2's.
const ALPN: &[u8] = b"http/1.1";

/// The one cryptography provider of this process.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Arc::clone(installed);
    }
    // reqwest looks for an installed one. Losing a race to install the same one is no failure.
    let _ = rustls::crypto::ring::default_provider().install_default();
    CryptoProvider::get_default().map_or_else(
        || Arc::new(rustls::crypto::ring::default_provider()),
        Arc::clone,
    )
}

/// For the listening side: takes callers with any certificate, or with none (strangers).
///
/// # Errors
/// [`Error`] if the identity cannot be used.
pub(crate) fn server_config(identity: &Identity) -> Result<ServerConfig, Error> {
    let provider = provider();
    let anyone = AnyCaller {
        provider: Arc::clone(&provider),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Arc::new(anyone))
        .with_single_cert(vec![identity.certificate()], identity.key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // No resumption: every connection proves both keys anew.
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// For the dialling side: `pin` is the only certificate taken, or `None` to find out who is there.
///
/// # Errors
/// [`Error`] if the identity cannot be used.
pub(crate) fn client_config(
    identity: &Identity,
    pin: Option<PeerId>,
) -> Result<ClientConfig, Error> {
    let provider = provider();
    let pinned = Pinned {
        pin,
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_client_auth_cert(vec![identity.certificate()], identity.key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Whether `error` says that somebody else's certificate was presented.
pub(crate) fn is_wrong_pin(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
    )
}

#[derive(Debug)]
struct Pinned {
    pin: Option<PeerId>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.pin {
            Some(pin) if pin != fingerprint(end_entity) => Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            )),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Takes any certificate whose key the caller has; who that is, is decided for each request.
#[derive(Debug)]
struct AnyCaller {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyCaller {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn only_tls13() -> Error {
    Error::PeerMisbehaved(PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported)
}
