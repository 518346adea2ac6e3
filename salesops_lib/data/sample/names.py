"""Invented names of people and companies, from many languages and scripts."""

# ruff: noqa: RUF001, RUF002 (the Turkish dotless i is meant)

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from salesops_lib.data.sample.arrays import Ints

__all__ = ["PersonName", "account_stems", "latin_letters", "person_name"]


@dataclass(frozen=True)
class PersonName:
    """A person's name, its written form, and its letters for a mail address."""

    first: str
    last: str
    family_first: bool = False
    latin: str | None = None

    @property
    def full(self) -> str:
        """Name as people write it."""
        return f"{self.last} {self.first}" if self.family_first else f"{self.first} {self.last}"

    @property
    def mailbox(self) -> str:
        """Letters before the @ of a mail address."""
        return latin_letters(self.latin or f"{self.first} {self.last}").lower().replace(" ", ".")


_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ı": "i", "ø": "o", "Ø": "O", "ß": "ss", "đ": "d", "Đ": "D", "'": None}
)


def latin_letters(text: str) -> str:
    """Text without accents.

    Examples
    --------
    >>> latin_letters("Çağla Yıldırım"), latin_letters("Łukasz Wójcik")
    ('Cagla Yildirim', 'Lukasz Wojcik')
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


_PEOPLE = {
    "german": (
        ("Anja Bernd Carsten Dörte Frauke Götz Heike Jörg Katrin Lutz Mareike Nils Silke Uwe"),
        (
            "Ahlbrecht Brückner Dörfler Eisenhut Grünewald Hölzl Krüger Lindner Möbius "
            "Rößler Schönborn Tiedemann Weißgerber Zöllner"
        ),
    ),
    "polish": (
        (
            "Agnieszka Bartosz Czesław Elżbieta Grzegorz Jadwiga Kacper Łukasz Małgorzata "
            "Paweł Stanisław Zuzanna"
        ),
        (
            "Dąbrowska-Nowak Gajewski Jabłoński Kościelny Łęcki Mazurkiewicz Ostrowska "
            "Piątek Śliwińska Wąsik Zając Żurawski"
        ),
    ),
    "british": (
        (
            "Alistair Bronwen Callum Davina Edmund Fiona Gareth Harriet Imogen Jasper "
            "Lachlan Nerys Owain Philippa"
        ),
        (
            "Ashdown Birtwhistle Cavendish-Hale Drummond Entwistle Fairclough Galloway "
            "Hetherington Llewellyn Maddox Penhaligon Ravenscroft Thwaite Wetherby"
        ),
    ),
    "irish": (
        ("Aoife Cormac Déirdre Eoin Fionnuala Gráinne Niamh Oisín Pádraig Róisín Saoirse Tadhg"),
        (
            "O'Callaghan Ní.Bhriain Mac.Lochlainn O'Shaughnessy Brannigan Gilhooly Kilbride "
            "Lenihan Moynihan Rafferty Tuohy Devaney"
        ),
    ),
    "french": (
        ("Amélie Benoît Céline Damien Éloïse François Gaëlle Hélène Jérôme Maëlys Noël Zoé"),
        (
            "Beaumarchais Châtelain d'Aubigny Delacroix-Petit Fréchette Guérin L'Heureux "
            "Lefèbvre Maréchal Pélissier Rousselot Thériault"
        ),
    ),
    "italian": (
        "Alessia Bruno Chiara Donatella Ettore Ginevra Lorenzo Niccolò Ornella Raffaele",
        (
            "Bellandi Cavalcanti D'Angelo Fiorentino Ghirlandaio Lo.Presti Malaspina "
            "Quaranta Santangelo Tagliaferri"
        ),
    ),
    "spanish": (
        ("Álvaro Begoña Concepción Díego Esperanza Íñigo Joaquín Lucía Nuria Óscar Rocío Ximena"),
        (
            "Arizmendi Bermúdez Castañeda de.la.Fuente Echeverría Ibáñez Montemayor "
            "Núñez.Prado Peñalosa Quiñones Sepúlveda Zubizarreta"
        ),
    ),
    "portuguese": (
        (
            "Afonso Beatriz Caetano Débora Estêvão Gonçalo Iracema João Lívia Murilo "
            "Raimunda Vitória"
        ),
        (
            "Araújo Brandão Conceição do.Amaral Falcão Guimarães Leitão Magalhães Nóbrega "
            "Pires.de.Sá Simões Xavier"
        ),
    ),
    "turkish": (
        (
            "Ayşe Barış Çağla Doğukan Ebru Gökhan Işıl İpek Kağan Müge Oğuzhan Şebnem Tuğçe "
            "Ümit Yiğit Zeynep"
        ),
        (
            "Akgün Büyükçelik Çetinkaya Demirağ Erdoğmuş Gülşen Iğdır İnönüoğlu Karakuş "
            "Öztürkmen Şahinbaş Topçuoğlu Uğurlu Yıldırım"
        ),
    ),
    "american": (
        (
            "Brandon Charlene DeShawn Elaine Forrest Gwendolyn Harlan Jolene Keisha Lamar "
            "Monique Preston Shaniqua Tyrell Wade Yolanda"
        ),
        (
            "Abernathy Blackwood Calloway Dillard Eubanks Fontenot Gaines Hollister "
            "Jefferies Lockhart McAllister Overstreet Pruitt Stallworth Treadwell Yancey"
        ),
    ),
    "chinese": (
        "Bo Chun-Hei Fang Hui-Min Jian Kai-Lin Mei Ning Qiang Shu Wei-Ting Yun",
        "Au Cheung Deng Feng Gao Hsieh Kwok Leung Ouyang Sze-To Xu Zhuang",
    ),
    "indian": (
        (
            "Aarav Bhavana Chaitanya Deepika Gurpreet Ishani Kavya Lakshmi Manpreet Nikhil "
            "Rohan Sunita"
        ),
        (
            "Agnihotri Banerjee Chakravarthy Deshpande Ghoshal Iyengar Jhunjhunwala "
            "Kulkarni Mukhopadhyay Raghunathan Subramaniam Venkataraman"
        ),
    ),
    "vietnamese": (
        "Anh Bích Châu Đức Hằng Khánh Linh Minh Ngọc Phương Thảo Tuấn",
        "Nguyễn Trần Lê Phạm Hoàng Đặng Vũ Bùi Đỗ Hồ Ngô Dương",
    ),
}

# Written in their own script; the third and fourth words are for the mail address.
_NATIVE = {
    "japanese": (
        (
            "健太/Kenta 美咲/Misaki 翔/Sho 陽菜/Hina 大輔/Daisuke 結衣/Yui "
            "拓也/Takuya 葵/Aoi 直樹/Naoki 千尋/Chihiro 悠斗/Yuto 彩香/Ayaka"
        ),
        (
            "朝倉/Asakura 桐谷/Kiritani 水城/Mizuki 霧島/Kirishima 白石/Shiraishi 高梨/Takanashi "
            "東雲/Shinonome 長谷部/Hasebe 御子柴/Mikoshiba 柳沢/Yanagisawa 結城/Yuki 若宮/Wakamiya"
        ),
    ),
    "arabic": (
        (
            "أمينة/Amina بلال/Bilal داليا/Dalia فارس/Faris حنان/Hanan جمال/Jamal ليلى/Layla "
            "منصور/Mansour نورة/Noura رشيد/Rashid سلمى/Salma ياسر/Yasser"
        ),
        (
            "البحراني/AlBahrani الدوسري/AlDosari الفاخوري/AlFakhoury الحداد/AlHaddad "
            "الخياط/AlKhayyat النجار/AlNajjar القاسمي/AlQasimi الصباغ/AlSabbagh "
            "الشامي/AlShami العطار/AlAttar"
        ),
    ),
}


def person_name(culture: str, generator: np.random.Generator) -> PersonName:
    """Random name of somebody from a culture.

    Japanese and Arabic names are written in their own script two times out of
    three.

    Parameters
    ----------
    culture : str
        Key of the built-in lists.
    generator : numpy Generator
        Source of randomness.

    Returns
    -------
    PersonName
    """
    firsts, lasts = (words.split() for words in (_PEOPLE | _NATIVE)[culture])
    first = firsts[int(generator.integers(len(firsts)))].replace(".", " ")
    last = lasts[int(generator.integers(len(lasts)))].replace(".", " ")
    if culture not in _NATIVE:
        return PersonName(first, last)
    first, first_latin = first.split("/")
    last, last_latin = last.split("/")
    if generator.random() < 1 / 3:
        return PersonName(first_latin, last_latin)
    latin = f"{first_latin} {last_latin}"
    return PersonName(first, last, family_first=culture == "japanese", latin=latin)


def _words(text: str) -> list[str]:
    return text.split()


_STEMS = _words(
    "Alder Arctos Aster Basalt Beacon Birchwood Blueline Bramble Brightwater Cadence Calder "
    "Cedarfield Cobalt Copperhill Corvid Crestline Dovetail Dunmore Eastbrook Elmstead Emberly "
    "Fairhaven Falconridge Fernhollow Foxglove Frostline Galewood Glenmark Goldfinch Granite "
    "Greenlock Halcyon Hartwell Hawksmoor Hazelton Heron Highmere Hollowbrook Indigo Ironbark "
    "Ivorytree Juniper Kestrel Kingsbarn Lakemont Larkspur Lindenau Lodestar Longreach Lumen "
    "Maplecroft Marigold Meridian Mirador Moonstone Mosswood Northgate Nimbus Oakhurst Obsidian "
    "Orchard Osprey Palisade Pelham Pinecrest Polaris Quarry Quillon Ravelin Redstone Ridgeway "
    "Rookwood Rowan Sable Saffron Sandpiper Seabright Sequoia Silverbrook Skylark Solstice "
    "Sparrow Stonebridge Sundial Swiftwater Tamarack Tanager Tidewater Timberline Topaz Trellis "
    "Umber Valemont Verdant Vireo Wayfarer Westerly Whinstone Wildrose Willowmere Windrush Yarrow "
    "Zenith Bosphorus Çamlıca Göktuğ Świerk Łąka Ipê Sertão Ñandú Sakurai Hoshino Zaytoun"
)

_TRADES = _words(
    "Aerospace Agro Analytics Automotive Bank Biotech Brewing Cargo Ceramics Chemicals Clinics "
    "Components Construction Courier Dairy Dental Diagnostics Distribution Electric Energy "
    "Engineering Fashion Foods Freight Furniture Glass Health Holdings Hotels Instruments "
    "Insurance Interiors Labs Legal Lighting Logistics Machines Marine Media Metals Mining "
    "Mobility Networks Optics Packaging Paper Pharma Plastics Printing Publishing Rail "
    "Retail Robotics Seeds Shipping Solar Steel Stores Telecom Textiles Tools Toys Travel Water"
)


def account_stems(number: Ints) -> pa.Array:
    """Company names without their legal form, one for each account number.

    The first few thousand numbers give different names; later ones repeat with
    a number behind them.

    Parameters
    ----------
    number : array
        Account numbers from 0.

    Returns
    -------
    pyarrow string array
    """
    count = len(_STEMS) * len(_TRADES)
    # A step without common factor visits every pair once, in no visible order.
    pair = (np.asarray(number) * 4_327 + 811) % count
    stem = pa.array(_STEMS).take(pa.array(pair // len(_TRADES)))
    trade = pa.array(_TRADES).take(pa.array(pair % len(_TRADES)))
    name = pc.binary_join_element_wise(stem, trade, " ")
    again = np.asarray(number) // count
    if not again.any():
        return name
    numbered = pc.binary_join_element_wise(name, pc.cast(pa.array(again + 1), pa.string()), " ")
    return pc.if_else(pa.array(again > 0), numbered, name)
