"""Mean angles of a granule, from XML that comes from outside."""

import pytest

from worker.inputs.angles import Angles, read_angles


def granule(views=((5.0, 100.0), (7.0, 110.0)), sun=(30.5, 160.25)) -> bytes:
    """Return a document laid out as MTD_TL.xml, numbers made up."""

    def pair(zenith, azimuth):
        return f'<ZENITH_ANGLE unit="deg">{zenith}</ZENITH_ANGLE><AZIMUTH_ANGLE unit="deg">{azimuth}</AZIMUTH_ANGLE>'

    bands = "".join(
        f'<Mean_Viewing_Incidence_Angle bandId="{i}">{pair(*view)}</Mean_Viewing_Incidence_Angle>'
        for i, view in enumerate(views)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<n1:Level-2A_Tile_ID xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-2A_Tile_Metadata.xsd">'
        "<n1:Geometric_Info><Tile_Angles><Sun_Angles_Grid><Zenith><Values_List/></Zenith></Sun_Angles_Grid>"
        f"<Mean_Sun_Angle>{pair(*sun)}</Mean_Sun_Angle>"
        f"<Mean_Viewing_Incidence_Angle_List>{bands}</Mean_Viewing_Incidence_Angle_List>"
        "</Tile_Angles></n1:Geometric_Info></n1:Level-2A_Tile_ID>"
    ).encode()


def test_means_are_over_the_bands():
    found = read_angles(granule())
    assert (found.sun_zenith, found.sun_azimuth) == (30.5, pytest.approx(160.25))
    assert (found.view_zenith, found.view_azimuth) == (6.0, pytest.approx(105.0))


def test_azimuths_on_both_sides_of_north_meet_there():
    found = read_angles(granule(views=((5.0, 359.0), (5.0, 3.0))))
    assert found.view_azimuth == pytest.approx(1.0)


def test_what_a_band_does_not_tell_is_left_out():
    assert read_angles(granule(views=(("NaN", "NaN"), (8.0, 90.0)))).view_zenith == 8.0
    assert read_angles(b"<Tile/>") == Angles(None, None, None, None)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x89PNG",
        b"<html><body>Forbidden",
        b'<!DOCTYPE t [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><t>&c;</t>',
        b'<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><t>&x;</t>',
        granule(views=(("north", 1.0),)),
    ],
)
def test_what_is_no_such_xml_or_tries_to_read_more_is_refused(document):
    with pytest.raises(ValueError, match=r"metadata|float"):
        read_angles(document)
