/// The line of what is wrong, and why, without what stands there: a line may hold a secret.
pub(super) fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(0, |span| text[..span.start].lines().count());
    let shows_value = ["invalid type:", "invalid value:", "invalid length"]
        .iter()
        .any(|it| error.message().starts_with(it));
    let why = if shows_value { "a value is of the wrong type" } else { error.message() };
    format!("line {}: {why}", line.max(1))
}
