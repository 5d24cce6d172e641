/// The number that a raw value is, if it is whole and not negative, also where it is written as
/// text or with a fraction of nothing: `7`, `"7"`, `7.0`. So some servers give ids back.
pub(crate) fn whole(raw: &str) -> Option<u64> {
    let text = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let number = text.unwrap_or(raw);
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.parse().ok();
    }
    /// Up to here a float tells every whole number from its neighbours.
    const EXACT: f64 = (1_u64 << 53) as f64;
    let number: f64 = number.parse().ok()?;
    (text.is_none() && number.fract() == 0.0 && (0.0..=EXACT).contains(&number))
        .then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ids_as_servers_give_them_back() {
        for (raw, number) in [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("7.0", Some(7)),
            ("7e0", Some(7)),
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e300", None),
            ("7.5", None),
            ("-7", None),
            ("\"7.0\"", None),
            ("\"+7\"", None),
            ("\"\"", None),
            ("\"", None),
            ("null", None),
            ("\"inf\"", None),
            ("{}", None),
        ] {
            assert_eq!(whole(raw), number, "{raw}");
        }
    }
}
