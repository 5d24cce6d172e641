use secrecy::SecretString;

/// A secret as it comes in.
#[derive(Debug, Clone)]
pub enum NewSecret {
    /// To be sealed and stored.
    Value(SecretString),
    /// To be read from this environment variable of the gateway, and not stored.
    Environment(String),
}
