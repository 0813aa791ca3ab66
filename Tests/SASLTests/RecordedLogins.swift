// Logins of other people's programs by PLAIN, LOGIN, CRAM-MD5 and SCRAM.
// Made by letting the program log in to this library: "C" is what it said, "S" what we said. "-" is a command without an
// initial response, "I" one with; what comes after is base64.

extension Recorded {
    static let logins: [Recorded] = [
        Recorded(
            peer: "gsasl 2.2.0", .plain, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C
            C: AGFsaWNlQGV4YW1wbGUub3JnAHMzY3JldA==
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "gsasl 2.2.0", .plain, user: "jürgen@example.org", password: "grün tür ix", isBound: false,
            """
            C: -
            S: C
            C: AGrDvHJnZW5AZXhhbXBsZS5vcmcAZ3LDvG7CoHTDvHIg4oW4
            S: OK jürgen@example.org - -
            """),
        Recorded(
            peer: "gsasl 2.2.0", .login, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C VXNlcm5hbWU6
            C: YWxpY2VAZXhhbXBsZS5vcmc=
            S: C UGFzc3dvcmQ6
            C: czNjcmV0
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "gsasl 2.2.0", .login, user: "jürgen@example.org", password: "grün tür ix", isBound: false,
            """
            C: -
            S: C VXNlcm5hbWU6
            C: asO8cmdlbkBleGFtcGxlLm9yZw==
            S: C UGFzc3dvcmQ6
            C: Z3LDvG7CoHTDvHIg4oW4
            S: OK jürgen@example.org - -
            """),
        Recorded(
            peer: "gsasl 2.2.0", .cramMD5, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C PDIxOTAwNjMyNzE4MDM3MzMwMC4xNzk1MDAwMDAwQG1haWwuZXhhbXBsZS5vcmc+
            C: YWxpY2VAZXhhbXBsZS5vcmcgNDQ5NjkwYzYwOGM2NTRiOGJhMTljYTlmNmU0YzVkOTg=
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "gsasl 2.2.0", .cramMD5, user: "jürgen@example.org", password: "grün\u{A0}tür ⅸ", isBound: false,
            """
            C: -
            S: C PDIxOTAwNjMyNzE4MDM3MzMwMC4xNzk1MDAwMDAwQG1haWwuZXhhbXBsZS5vcmc+
            C: asO8cmdlbkBleGFtcGxlLm9yZyBkZDJmYzA3M2RhNGEwYTAxODMxOGFiYjA3N2E1OTIyMA==
            S: OK jürgen@example.org - -
            """),
        Recorded(
            peer: "gsasl 2.2.0", .scramSHA1, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C
            C: biwsbj1hbGljZUBleGFtcGxlLm9yZyxyPXN5VzQ0ZjEwZVViWmFBdWRSZGtxWlZ5NQ==
            S: C cj1zeVc0NGYxMGVVYlphQXVkUmRrcVpWeTVBd29SR0I4bUxUUTdRa2xRVjE1bGJITjZnWWlQbHAyayxzPUFBRUNBd1FGQmd\
            jSUNRb0xEQTBPRHc9PSxpPTQwOTY=
            C: Yz1iaXdzLHI9c3lXNDRmMTBlVWJaYUF1ZFJka3FaVnk1QXdvUkdCOG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscD0yT2Nje\
            HVKY1BYZTlNMSsrVWZzeTJNWFBPa1U9
            S: OK alice@example.org - dj1UWFBIS3cvMlpDZEoxUkhVZnd6a3ZBTDN2akE9
            """),
        Recorded(
            peer: "gsasl 2.2.0", .scramSHA1, user: "jürgen@example.org", password: "grün\u{A0}tür ⅸ", isBound: false,
            """
            C: -
            S: C
            C: biwsbj1qw7xyZ2VuQGV4YW1wbGUub3JnLHI9ZWk0R0VYamlzeGRPNTJoRHJNb3g2T091
            S: C cj1laTRHRVhqaXN4ZE81MmhEck1veDZPT3VBd29SR0I4bUxUUTdRa2xRVjE1bGJITjZnWWlQbHAyayxzPUFBRUNBd1FGQmd\
            jSUNRb0xEQTBPRHc9PSxpPTQwOTY=
            C: Yz1iaXdzLHI9ZWk0R0VYamlzeGRPNTJoRHJNb3g2T091QXdvUkdCOG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscD1UTkwwW\
            DZ1Vk5CZWVXV2hRWmEyQU9WY1kzRUU9
            S: OK jürgen@example.org - dj01MlNodUZsVzVSREdiQkFxTVg0dkJpeU1oL3M9
            """),
        Recorded(
            peer: "gsasl 2.2.0", .scramSHA256, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C
            C: biwsbj1hbGljZUBleGFtcGxlLm9yZyxyPVFCNmd0ZGVhOFVhTmhuRFJtTzZQbjhaWQ==
            S: C cj1RQjZndGRlYThVYU5obkRSbU82UG44WllBd29SR0I4bUxUUTdRa2xRVjE1bGJITjZnWWlQbHAyayxzPUFBRUNBd1FGQmd\
            jSUNRb0xEQTBPRHc9PSxpPTQwOTY=
            C: Yz1iaXdzLHI9UUI2Z3RkZWE4VWFOaG5EUm1PNlBuOFpZQXdvUkdCOG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscD1LMVNpc\
            3BCMWRzeitPbnBvSTF6RnNYYnJQV1dUWTZFTWZxRjRLZ2Nxcm1jPQ==
            S: OK alice@example.org - dj1XeTNlMkVBS3lIUnZ5VWRDc21xR0hXK1BBeWlrdVF4WmFWRGZPYTJ1czM4PQ==
            """),
        Recorded(
            peer: "gsasl 2.2.0", .scramSHA256, user: "jürgen@example.org", password: "grün\u{A0}tür ⅸ", isBound: false,
            """
            C: -
            S: C
            C: biwsbj1qw7xyZ2VuQGV4YW1wbGUub3JnLHI9cDg2M2JuOStqTUg0UWU5dDg3Mm96cmR4
            S: C cj1wODYzYm45K2pNSDRRZTl0ODcyb3pyZHhBd29SR0I4bUxUUTdRa2xRVjE1bGJITjZnWWlQbHAyayxzPUFBRUNBd1FGQmd\
            jSUNRb0xEQTBPRHc9PSxpPTQwOTY=
            C: Yz1iaXdzLHI9cDg2M2JuOStqTUg0UWU5dDg3Mm96cmR4QXdvUkdCOG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscD1WamJPR\
            01wOGlxT2s3c2g5czBicXByczUzYmwzV2R3ZFNnSWxSdU9OMWF3PQ==
            S: OK jürgen@example.org - dj1qa1ZBMEY3RnE2Mk5JTzdCcEIzNXRzS1NmRGtldWQ4RFQvcGRVR092T1ljPQ==
            """),
        Recorded(
            peer: "gsasl 2.2.0", .scramSHA256, user: "alice", password: "s3cret", isBound: false,
            """
            C: -
            S: C
            C: biwsbj1hbGljZSxyPU9xUThtYlAyYlZrOCtqbkQxTklzRlYyUQ==
            S: C cj1PcVE4bWJQMmJWazgram5EMU5Jc0ZWMlFBd29SR0I4bUxUUTdRa2xRVjE1bGJITjZnWWlQbHAyayxzPUFBRUNBd1FGQmd\
            jSUNRb0xEQTBPRHc9PSxpPTQwOTY=
            C: Yz1iaXdzLHI9T3FROG1iUDJiVms4K2puRDFOSXNGVjJRQXdvUkdCOG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscD13OWhXd\
            ldka1JEUWZjQ2tCcEhaNy9NMDB5d3M1eHI4aXIzWlRkbFAzRWNRPQ==
            S: NO
            """),
        Recorded(
            peer: "gsasl 2.2.0", .scramSHA256, user: "al=i,ce", password: "s3cret", isBound: false,
            """
            C: -
            S: C
            C: bixhPWFsPTNEaT0yQ2NlLG49YWw9M0RpPTJDY2Uscj1UTURUTG9vcGd5S0JmT3Y3Z1p2OHVIZFg=
            S: C cj1UTURUTG9vcGd5S0JmT3Y3Z1p2OHVIZFhBd29SR0I4bUxUUTdRa2xRVjE1bGJITjZnWWlQbHAyayxzPUFBRUNBd1FGQmd\
            jSUNRb0xEQTBPRHc9PSxpPTQwOTY=
            C: Yz1iaXhoUFdGc1BUTkVhVDB5UTJObExBPT0scj1UTURUTG9vcGd5S0JmT3Y3Z1p2OHVIZFhBd29SR0I4bUxUUTdRa2xRVjE1b\
            GJITjZnWWlQbHAyayxwPVFJcks1SDQ2cmpnYXJvczI5T2tteXhGM3B1dU9ocmJmQklxcHh5dGlWck09
            S: OK al=i,ce al=i,ce dj1JMHdSY0laSFRSK2lFSm5ja0E3dE9qaStaK3phbFJ4dXlZRHFLVDFqSStjPQ==
            """),
        Recorded(
            peer: "curl 7.88.1", .plain, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C
            C: AGFsaWNlQGV4YW1wbGUub3JnAHMzY3JldA==
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "swaks 20201014.0", .plain, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: I AGFsaWNlQGV4YW1wbGUub3JnAHMzY3JldA==
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "curl 7.88.1", .login, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C VXNlcm5hbWU6
            C: YWxpY2VAZXhhbXBsZS5vcmc=
            S: C UGFzc3dvcmQ6
            C: czNjcmV0
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "swaks 20201014.0", .login, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C VXNlcm5hbWU6
            C: YWxpY2VAZXhhbXBsZS5vcmc=
            S: C UGFzc3dvcmQ6
            C: czNjcmV0
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "curl 7.88.1", .cramMD5, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C PDIxOTAwNjMyNzE4MDM3MzMwMC4xNzk1MDAwMDAwQG1haWwuZXhhbXBsZS5vcmc+
            C: YWxpY2VAZXhhbXBsZS5vcmcgNDQ5NjkwYzYwOGM2NTRiOGJhMTljYTlmNmU0YzVkOTg=
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "swaks 20201014.0", .cramMD5, user: "alice@example.org", password: "s3cret", isBound: false,
            """
            C: -
            S: C PDIxOTAwNjMyNzE4MDM3MzMwMC4xNzk1MDAwMDAwQG1haWwuZXhhbXBsZS5vcmc+
            C: YWxpY2VAZXhhbXBsZS5vcmcgNDQ5NjkwYzYwOGM2NTRiOGJhMTljYTlmNmU0YzVkOTg=
            S: OK alice@example.org - -
            """),
        Recorded(
            peer: "scramp 1.5.0", .scramSHA256Plus, user: "alice", password: "s3cret", isBound: true,
            """
            C: I cD10bHMtc2VydmVyLWVuZC1wb2ludCwsbj1hbGljZSxyPWRkYjQ5ZjBmN2Y0ZGE0NjgxOTQ4MjQzOTZjYzc3MDFiNjQ4ODN\
            hMGM2YjUzMmYyYTU2ZWUzZTdlOTllNjZkOTc=
            S: C cj1kZGI0OWYwZjdmNGRhNDY4MTk0ODI0Mzk2Y2M3NzAxYjY0ODgzYTBjNmI1MzJmMmE1NmVlM2U3ZTk5ZTY2ZDk3QXdvUkd\
            COG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscz1BQUVDQXdRRkJnY0lDUW9MREEwT0R3PT0saT00MDk2
            C: Yz1jRDEwYkhNdGMyVnlkbVZ5TFdWdVpDMXdiMmx1ZEN3c0FBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYR0JrYUd4d\
            2RIaDg9LHI9ZGRiNDlmMGY3ZjRkYTQ2ODE5NDgyNDM5NmNjNzcwMWI2NDg4M2EwYzZiNTMyZjJhNTZlZTNlN2U5OWU2NmQ5N0F3b\
            1JHQjhtTFRRN1FrbFFWMTVsYkhONmdZaVBscDJrLHA9WU00eWtrb0lHRWdqc3E3MmNDRzJVTS93ZG5JSmV3bHFBd2FlL1NnUGZJS\
            T0=
            S: OK alice - dj0yTWZEbzB2MGJ5SzdGUHpPRDFxS3oySDYzMFhCTVU2Qlh1cjc3bFBReWJvPQ==
            """),
        Recorded(
            peer: "scramp 1.5.0", .scramSHA256Plus, user: "alice", password: "s3cret", isBound: true,
            """
            C: I cD10bHMtc2VydmVyLWVuZC1wb2ludCwsbj1hbGljZSxyPWEwYzg4M2M4MjMxMGI0NjBiNTk4OWI2M2QyOWVjMGEyY2RjNzh\
            iMDAwYjE0NTMyYjZjNmQ0NTQ1MDBlYzJhZWU=
            S: C cj1hMGM4ODNjODIzMTBiNDYwYjU5ODliNjNkMjllYzBhMmNkYzc4YjAwMGIxNDUzMmI2YzZkNDU0NTAwZWMyYWVlQXdvUkd\
            COG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscz1BQUVDQXdRRkJnY0lDUW9MREEwT0R3PT0saT00MDk2
            C: Yz1jRDEwYkhNdGMyVnlkbVZ5TFdWdVpDMXdiMmx1ZEN3c0FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQ\
            UFBQUE9LHI9YTBjODgzYzgyMzEwYjQ2MGI1OTg5YjYzZDI5ZWMwYTJjZGM3OGIwMDBiMTQ1MzJiNmM2ZDQ1NDUwMGVjMmFlZUF3b\
            1JHQjhtTFRRN1FrbFFWMTVsYkhONmdZaVBscDJrLHA9VWFBa004QmVCMDBGQ1NpL2xnblVGdE9PbW1KaFhDMDBqeU9VQ2FtVytKS\
            T0=
            S: NO
            """),
        Recorded(
            peer: "scramp 1.5.0", .scramSHA256, user: "alice", password: "s3cret", isBound: false,
            """
            C: I biwsbj1hbGljZSxyPTI4MTc2MTVjZjUyYTJkMjhkNzU0ZDAwYzlmZTZmYmJiZjY5OWRjMzJkNzFkOWViZTg4MTgxOGYwYjA\
            wMmRmNTk=
            S: C cj0yODE3NjE1Y2Y1MmEyZDI4ZDc1NGQwMGM5ZmU2ZmJiYmY2OTlkYzMyZDcxZDllYmU4ODE4MThmMGIwMDJkZjU5QXdvUkd\
            COG1MVFE3UWtsUVYxNWxiSE42Z1lpUGxwMmsscz1BQUVDQXdRRkJnY0lDUW9MREEwT0R3PT0saT00MDk2
            C: Yz1iaXdzLHI9MjgxNzYxNWNmNTJhMmQyOGQ3NTRkMDBjOWZlNmZiYmJmNjk5ZGMzMmQ3MWQ5ZWJlODgxODE4ZjBiMDAyZGY1O\
            UF3b1JHQjhtTFRRN1FrbFFWMTVsYkhONmdZaVBscDJrLHA9OG9WWXpWWmpQSUlwSWtlUlAyZldpK1R0TnF3UktVSjlkaTRneGtvW\
            kpJVT0=
            S: OK alice - dj1HMmFsYkRza0NUYW54WGwyU3JvLzZwRU96YjNrSzBTdWtVeWZhUnc3clU4PQ==
            """),
    ]
}
