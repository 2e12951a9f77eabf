"""Which DICOM transfer syntaxes this installation decodes."""


def decodable() -> dict[str, bool]:
    """Return every transfer syntax that can be decoded, by name, and whether a library behind it is installed."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import AllTransferSyntaxes

    from salus.data.readers.dicom_codecs import OWN, is_available, plug_in

    found = {}
    for syntax in AllTransferSyntaxes:
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            continue
        plug_in(str(syntax))
        found[syntax.name] = bool(decoder.is_available)
    return {**found, **{name: is_available(uid) for uid, name in OWN.items()}}
