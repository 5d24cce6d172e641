use axum::response::Response;
use gatehall_identity::{Rejection, SignInFault};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{
    page::{Message, page},
    stuck::{Down, Stuck},
};

/// Why somebody is not let in, as a page.
pub(super) fn refused(rejection: &Rejection) -> Response {
    refused_with(rejection, None)
}

/// The same for somebody to whom the way in that is left may be told.
pub(super) fn refused_with(rejection: &Rejection, stuck: Option<Stuck>) -> Response {
    let status = match rejection {
        Rejection::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        Rejection::NotKept => StatusCode::SERVICE_UNAVAILABLE,
        Rejection::SignIn(SignInFault::NoProvider) => StatusCode::NOT_FOUND,
        Rejection::SignIn(SignInFault::Refused(_) | SignInFault::NotProved(_))
        | Rejection::Person(_)
        | Rejection::OtherAccount(..)
        | Rejection::BadToken(_) => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let text = match rejection {
        // Whoever signs in cannot do anything about the token; the audit has the rule.
        Rejection::BadToken(_) => {
            "The provider's answer could not be trusted. Try again; if this happens again, tell an \
             administrator when it happened."
                .to_owned()
        }
        other => other.to_string(),
    };
    let mut response = match stuck {
        Some(stuck) => page(status, &Down { text, stuck: Some(stuck) }),
        None => page(
            status,
            &Message {
                title: "You are not signed in",
                text: &text,
                href: "/oauth2/sign_in",
                link: "Sign in",
            },
        ),
    };
    if let Rejection::TooMany(seconds) = rejection {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}
